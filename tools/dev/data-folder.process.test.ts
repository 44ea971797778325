import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('makes its folder readable by its owner only, also an existing one, but no folder that has other files', () => {
  const ownerOnly = process.getuid?.() === 0 ? 0o711 : 0o700; // the user of PostgreSQL must be able to pass

  const state = join(folder, 'state');
  lockDataFolder(state)();
  expect(modeOf(state)).toBe(ownerOnly);
  chmodSync(state, 0o755);
  const unlock = lockDataFolder(state);
  expect([modeOf(state), modeOf(join(state, 'running')), modeOf(join(state, '.gitignore'))]).toEqual([
    ownerOnly,
    0o600,
    0o600,
  ]);
  unlock();

  writeFileSync(join(folder, 'code.ts'), '');
  const before = modeOf(folder);
  lockDataFolder(folder)();
  expect(modeOf(folder)).toBe(before);
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
