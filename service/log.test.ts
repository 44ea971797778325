import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('the last line is there, however the process ends', async () => {
  const code = `
    const log = require('@shop/service/log').createLog('a-service', 'info');
    for (let line = 1; line <= 1_000; line++) log.info({ line }, 'still here');
    process.kill(process.pid, 'SIGKILL');`;
  const output = await new Promise<string>((resolve) =>
    execFile(process.execPath, ['-e', code], (_killed, stdout) => resolve(stdout)),
  );
  const lines = output.trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    service: 'a-service',
    level: 'info',
    line: 1_000,
    msg: 'still here',
  });
});
