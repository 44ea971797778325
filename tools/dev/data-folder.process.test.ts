import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';
import { lockDataFolder } from './data-folder';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('single-run');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('gives a folder to one run at a time, and says who has it and what to do', () => {
  const giveBack = lockDataFolder(folder);

  expect(() => lockDataFolder(folder)).toThrow(
    new RegExp(`runs already, as process ${process.pid}.*Ctrl-C.*\n.*set DATA_FOLDER, ORDER_PORT and PAYMENT_PORT`),
  );

  giveBack();
  lockDataFolder(folder)();
  expect(existsSync(join(folder, 'running'))).toBe(false);
});

test.each(['a run that was killed', 'a run that was cut off while it claimed'])('takes over from %s', (how) => {
  const { pid } = spawnSync('true');
  writeFileSync(join(folder, 'running'), how === 'a run that was killed' ? String(pid) : '');

  lockDataFolder(folder)();
});
