import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { isRunning } from './programs';
import { findTemporalCli } from './temporal-cli';

let folder: string;
let vendor: Server;
let answer: Buffer | null; // what the vendor sends; null for 404
let requested: string[];
let releases: string;
const path = process.env['PATH'];

beforeEach(async () => {
  folder = temporaryFolder('temporal-cli');
  [answer, requested] = [null, []];
  vendor = createServer((request, response) => {
    requested.push(request.url ?? '');
    response.writeHead(answer ? 200 : 404).end(answer);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => vendor.once('listening', resolve));
  releases = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  // A PATH with what is wanted for unpacking, and no Temporal or Go.
  process.env['PATH'] = join(folder, 'bin');
  mkdirSync(join(folder, 'bin'));
  for (const tool of ['tar', 'gzip', 'sh']) {
    execFileSync('/bin/sh', ['-c', `ln -s "$(command -v ${tool})" "${join(folder, 'bin', tool)}"`], {
      env: { PATH: path },
    });
  }
});
afterEach(() => {
  process.env['PATH'] = path;
  vendor.close();
  rmSync(folder, { recursive: true });
});

const cache = (): string => join(folder, 'cache');
const find = (): Promise<string> => findTemporalCli(() => undefined, { cache: cache(), releases, goIn: [] });

/** What the vendor's archives look like: the program and its licence. */
function anArchive(script: string): Buffer {
  writeFileSync(join(folder, 'temporal'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'LICENSE'), 'MIT');
  return execFileSync('tar', ['-czf', '-', 'LICENSE', 'temporal'], { cwd: folder, env: { PATH: path } });
}

test('takes the CLI on the PATH before any other', async () => {
  writeFileSync(join(folder, 'bin', 'temporal'), '#!/bin/sh\n', { mode: 0o755 });
  mkdirSync(cache());
  writeFileSync(join(cache(), 'temporal'), '', { mode: 0o755 });

  await expect(find()).resolves.toBe(join(folder, 'bin', 'temporal'));
});

test('downloads it once, and finds it in the cache from then on', async () => {
  answer = anArchive('echo temporal version 1.5.1');

  await expect(find()).resolves.toBe(join(cache(), 'temporal'));
  await expect(find()).resolves.toBe(join(cache(), 'temporal'));

  expect(requested).toEqual([expect.stringMatching(/^\/v1\.5\.1\/temporal_cli_1\.5\.1_[a-z0-9]+_[a-z0-9]+\.tar\.gz$/)]);
  expect(readdirSync(cache())).toEqual(['temporal']);
});

test('keeps no download that does not run', async () => {
  answer = anArchive('exit 1');

  await expect(find()).rejects.toThrow(/cannot be had/);
  expect(existsSync(join(cache(), 'temporal'))).toBe(false);
});

test('stops building when it is interrupted, and clears up at the next try', async () => {
  const pidFile = join(folder, 'pid');
  writeFileSync(join(folder, 'bin', 'go'), `#!/bin/sh\necho $$ > "${pidFile}"\nexec /bin/sleep 60\n`, { mode: 0o755 });
  const script = `process.on('SIGINT', () => process.exit(130));
    require(process.argv[1]).findTemporalCli(console.log, JSON.parse(process.argv[2]))`;
  const options = JSON.stringify({ cache: cache(), releases, goIn: [] });
  const interrupted = spawn(process.execPath, ['-e', script, join(__dirname, 'dist', 'temporal-cli.js'), options], {
    env: process.env, // jest's own, with the PATH above
  });
  const ended = once(interrupted, 'exit');
  await eventually(() => expect(readFileSync(pidFile, 'utf8')).toMatch(/\d/));

  interrupted.kill('SIGINT');
  await expect(ended).resolves.toEqual([130, null]);

  await eventually(() => expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false));
  expect(readdirSync(cache())).toEqual([`unfinished-${interrupted.pid}`]);
  answer = anArchive('echo temporal version 1.5.1');
  await expect(find()).resolves.toBe(join(cache(), 'temporal'));
  expect(readdirSync(cache())).toEqual(['temporal']);
});

test('says what was tried, and what to do, where it cannot be had', async () => {
  await expect(find()).rejects.toThrow(
    /not on the PATH.*\n.*answers 404\n.*Go is not installed\nInstall it .*TEMPORAL_ADDRESS/,
  );
  expect(readdirSync(cache())).toEqual([]);
});
