import { spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';

/** Runs code with `log` and `delay` at hand, its standard output going to a file. */
const run = (code: string, output: string) =>
  spawnSync(
    process.execPath,
    [
      '-e',
      `const { setTimeout: delay } = require('node:timers/promises');
      const log = require('@shop/runtime/log').createLog('test', 'info');
      void (async () => { ${code} })();`,
    ],
    {
      cwd: join(__dirname, '..', '..'),
      stdio: ['ignore', openSync(output, 'w'), 'pipe'],
      encoding: 'utf8',
      timeout: 10_000,
    },
  );

test('a full disk neither ends nor holds up a service that logs to it', () => {
  const { status, stderr } = run(
    `for (const line of ['one', 'two', 'three']) { log.info(line); await delay(50); }
    log.fatal('the end');
    process.stderr.write('went on');
    process.exit(3);`,
    '/dev/full',
  );

  expect({ status, stderr }).toEqual({ status: 3, stderr: 'went on' });
});

test('nor where it is first met by the last lines', () => {
  const { status } = run("log.warn('almost'); log.fatal('the end'); log.info('over'); process.exit(3);", '/dev/full');

  expect(status).toBe(3);
});

test('what is logged before the end is written', () => {
  const file = join(temporaryFolder('log'), 'output');

  run("for (const line of ['one', 'two', 'three']) log.info(line); process.exit(0);", file);

  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['one', 'two', 'three']);
});
