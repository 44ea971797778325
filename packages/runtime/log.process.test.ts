import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';

const ROOT = join(__dirname, '..', '..');

/** Completes a script that logs: `log` and `delay` are defined. */
const script = (code: string): string => `
  const { setTimeout: delay } = require('node:timers/promises');
  const log = require('@shop/runtime/log').createLog('test', 'info');
  void (async () => { ${code} })();`;

/** Runs a script whose standard output is a file. */
const run = (code: string, output: string) =>
  spawnSync(process.execPath, ['-e', script(code)], {
    cwd: ROOT,
    stdio: ['ignore', openSync(output, 'w'), 'pipe'],
    encoding: 'utf8',
    timeout: 60_000, // for a process that hangs at its end
  });

const messagesIn = (output: string): string[] =>
  output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: string }).msg);

test('a full disk neither stops nor delays a service', () => {
  const { status, stderr } = run(
    `for (const line of ['one', 'two', 'three']) { log.info(line); await delay(50); }
    log.fatal('the end');
    process.stderr.write('still running');
    process.exit(3);`,
    '/dev/full',
  );

  expect({ status, stderr }).toEqual({ status: 3, stderr: 'still running' });
});

test('a disk that is full only for the last lines does not stop the exit', () => {
  const { status } = run("log.warn('almost'); log.fatal('the end'); log.info('over'); process.exit(3);", '/dev/full');

  expect(status).toBe(3);
});

const folder = temporaryFolder('log');
afterAll(() => rmSync(folder, { recursive: true }));

test('every line before an exit is written, in order', () => {
  const file = join(folder, 'lines');

  run("for (const line of ['one', 'two', 'three']) log.info(line); log.fatal('the end'); process.exit(0);", file);

  expect(messagesIn(readFileSync(file, 'utf8'))).toEqual(['one', 'two', 'three', 'the end']);
});

test('the certificate of a TLS error is not written', () => {
  const file = join(folder, 'certificate');

  run(
    "log.warn({ err: Object.assign(new Error('untrusted'), { code: 'ERR', cert: { raw: 'long' } }) }, 'waiting');",
    file,
  );

  const { err } = JSON.parse(readFileSync(file, 'utf8')) as { err: object };
  expect(err).toMatchObject({ message: 'untrusted', code: 'ERR' });
  expect(err).not.toHaveProperty('cert');
});

test('a slow reader does not block a service, and receives every line in order', async () => {
  const LINES = 2_000; // more than a pipe holds
  const child = spawn(
    process.execPath,
    [
      '-e',
      script(`for (let i = 0; i < ${LINES}; i++) log.info({ pad: 'x'.repeat(200) }, String(i));
        process.stderr.write('still running');
        await delay(60_000);`),
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await once(child.stderr, 'data'); // it has logged everything, and nothing is read yet

  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  while (!output.includes(`"msg":"${LINES - 1}"}\n`)) await delay(50);
  child.kill();

  expect(messagesIn(output)).toEqual(Array.from({ length: LINES }, (_, i) => String(i)));
});
