import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';
import { installDebianPackage } from './debian-package';
import { SetupError } from './setup-error';

const { PATH, INSTALL } = process.env;
const { getuid } = process;
let folder: string;
let lines: string[];
beforeEach(() => {
  folder = temporaryFolder('debian-package');
  lines = [];
  mkdirSync(join(folder, 'bin'));
  for (const name of ['apt-get', 'dpkg']) {
    const script = `#!/bin/sh\necho "${name} $*" >> "${join(folder, 'calls')}"\n`;
    writeFileSync(join(folder, 'bin', name), script, { mode: 0o755 });
  }
  process.env['PATH'] = `${join(folder, 'bin')}:${PATH}`;
  delete process.env['INSTALL'];
  process.getuid = () => 0;
});
afterEach(() => {
  if (getuid) process.getuid = getuid;
  process.env['PATH'] = PATH;
  if (INSTALL !== undefined) process.env['INSTALL'] = INSTALL;
  else delete process.env['INSTALL'];
  rmSync(folder, { recursive: true });
});

const install = (): Promise<void> =>
  installDebianPackage(
    {
      program: 'RabbitMQ',
      packageName: 'rabbitmq-server',
      purpose: 'It carries messages.',
      alternative: 'Or set AMQP_URL.',
    },
    (line) => void lines.push(line),
  );
const calls = (): string => (existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8') : '');

test('prints what it installs, why, and how to prevent it, before it installs', async () => {
  await install();

  expect(lines).toEqual([
    'RabbitMQ is not installed. It carries messages.',
    "  To prevent the installation of Debian's package rabbitmq-server, stop with Ctrl-C and set INSTALL=no.",
    "RabbitMQ: installing Debian's package rabbitmq-server with apt-get …",
  ]);
  expect(calls()).toContain('apt-get install --yes --quiet --no-install-recommends rabbitmq-server\n');
});

test('installs nothing with INSTALL=no, and fails with the command to run', async () => {
  process.env['INSTALL'] = 'no';

  const installing = install();

  await expect(installing).rejects.toThrow(SetupError);
  await expect(installing).rejects.toThrow(
    /^RabbitMQ is not installed, and INSTALL=no prevents .* It carries messages\.\nRun as root: apt-get update && apt-get install .* rabbitmq-server\nOr set AMQP_URL\.$/,
  );
  expect(calls()).toBe('');
  expect(lines).toEqual([]);
});

test('prints why an installation failed', async () => {
  writeFileSync(join(folder, 'bin', 'apt-get'), '#!/bin/sh\necho "no disk space left" >&2; exit 100\n');
  chmodSync(join(folder, 'bin', 'apt-get'), 0o755);

  await install();

  expect(lines.at(-1)).toMatch(/not possible here: .*no disk space left/);
});
