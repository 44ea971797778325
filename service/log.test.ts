import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Runs code with `log` and `delay` at hand, its standard output going to a file. */
const run = (code: string, output: string) =>
  spawnSync(
    process.execPath,
    [
      '-e',
      `const { setTimeout: delay } = require('node:timers/promises');
      const log = require('@shop/service/log').createLog('test', 'info');
      void (async () => { ${code} })();`,
    ],
    { cwd: join(__dirname, '..'), stdio: ['ignore', openSync(output, 'w'), 'pipe'], encoding: 'utf8', timeout: 10_000 },
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
