import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';
import { lockDataFolder, recordRun } from './data-folder';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('single-run');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('locks a folder for one process, and reports its owner and what to do', () => {
  const unlock = lockDataFolder(folder);

  expect(() => lockDataFolder(folder)).toThrow(
    new RegExp(`already running, as process ${process.pid}.*Ctrl-C.*\n.*set DATA_FOLDER, ORDER_PORT and PAYMENT_PORT`),
  );

  unlock();
  lockDataFolder(folder)();
  expect(existsSync(join(folder, 'running'))).toBe(false);
});

test.each(['was killed', 'was killed while it locked'])('replaces the lock of a process that %s', (how) => {
  const { pid } = spawnSync('true');
  writeFileSync(join(folder, 'running'), how === 'was killed' ? String(pid) : '');

  lockDataFolder(folder)();
});

test('hides a new data folder from Git whatever its name is, but no folder that has files', () => {
  mkdirSync(join(folder, 'sources'));
  writeFileSync(join(folder, 'sources', 'code.ts'), '');

  lockDataFolder(join(folder, 'state'))();
  lockDataFolder(join(folder, 'sources'))();

  expect(readFileSync(join(folder, 'state', '.gitignore'), 'utf8')).toBe('*\n');
  expect(existsSync(join(folder, 'sources', '.gitignore'))).toBe(false);
});

test('make clean refuses while a process runs the programs of the checkout', () => {
  const clean = (): { status: number | null; stderr: string } =>
    spawnSync('make', ['-f', join(__dirname, '..', '..', 'Makefile'), '-C', folder, 'clean'], { encoding: 'utf8' });
  writeFileSync(join(folder, 'package.json'), '{}');
  const removeRecord = recordRun(folder);

  const { status, stderr } = clean();
  expect(status).not.toBe(0);
  expect(stderr).toContain(`make run serves from this folder, as process ${process.pid}. Stop it with Ctrl-C first.`);
  expect(existsSync(join(folder, 'node_modules'))).toBe(true);

  removeRecord();
  expect(clean().status).toBe(0);
  expect(existsSync(join(folder, 'node_modules'))).toBe(false);
});
