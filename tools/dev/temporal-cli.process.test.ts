import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { isRunning } from './programs';
import { findTemporalCli, PLATFORM } from './temporal-cli';

let folder: string;
let downloads: Server;
let answer: Buffer | null; // of the download server; null for 404
let requested: string[];
let releases: string;
let printed: string[];
const path = process.env['PATH'];

beforeEach(async () => {
  folder = temporaryFolder('temporal-cli');
  [answer, requested, printed] = [null, [], []];
  downloads = createServer((request, response) => {
    requested.push(request.url ?? '');
    response.writeHead(answer ? 200 : 404).end(answer);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => downloads.once('listening', resolve));
  releases = `http://127.0.0.1:${(downloads.address() as AddressInfo).port}`;
  // A PATH with the programs that unpack an archive, but without Temporal and Go.
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
  downloads.close();
  rmSync(folder, { recursive: true });
});

const cache = (): string => join(folder, 'cache');
/** The sources of the CLI. The archive is the expected one unless a test says otherwise. */
const sources = (expected = answer ?? Buffer.alloc(0)) => ({
  cache: cache(),
  releases,
  checksums: { [PLATFORM]: createHash('sha256').update(expected).digest('hex') },
  goIn: [],
});
const find = (expected?: Buffer): Promise<string> =>
  findTemporalCli((line) => void printed.push(line), sources(expected));

/** Returns an archive as it is released: the program and its licence. */
function archiveOf(script: string): Buffer {
  writeFileSync(join(folder, 'temporal'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'LICENSE'), 'MIT');
  return execFileSync('tar', ['-czf', '-', 'LICENSE', 'temporal'], { cwd: folder, env: { PATH: path } });
}

test('prefers the CLI on the PATH', async () => {
  writeFileSync(join(folder, 'bin', 'temporal'), '#!/bin/sh\n', { mode: 0o755 });
  mkdirSync(cache());
  writeFileSync(join(cache(), 'temporal'), '', { mode: 0o755 });

  await expect(find()).resolves.toBe(join(folder, 'bin', 'temporal'));
});

test('downloads it once, and then uses the cached one', async () => {
  answer = archiveOf('echo temporal version 1.5.1');

  await expect(find()).resolves.toBe(join(cache(), 'temporal'));
  await expect(find()).resolves.toBe(join(cache(), 'temporal'));

  expect(requested).toEqual([expect.stringMatching(/^\/v1\.5\.1\/temporal_cli_1\.5\.1_[a-z0-9]+_[a-z0-9]+\.tar\.gz$/)]);
  await eventually(() => expect(readdirSync(cache())).toEqual(['temporal']));
});

test('does not keep a download that does not run', async () => {
  answer = archiveOf('exit 1');

  await expect(find()).rejects.toThrow(/there is no way to get it here/);
  expect(existsSync(join(cache(), 'temporal'))).toBe(false);
});

test('does not run a download that is not the released archive', async () => {
  const marker = join(folder, 'ran');
  answer = archiveOf(`echo > "${marker}"`);

  await expect(find(archiveOf('echo temporal version 1.5.1'))).rejects.toThrow(/there is no way to get it here/);
  expect(printed.join('\n')).toMatch(/the archive has the SHA-256 [0-9a-f]{64} instead of [0-9a-f]{64}/);
  expect(existsSync(marker)).toBe(false);
});

test('stops the build when it is interrupted, and removes its files', async () => {
  const pidFile = join(folder, 'pid');
  // Like Go, it starts further processes, writes temporary files, and makes modules read-only.
  const go = `#!/bin/sh
    echo half > "$GOTMPDIR/go-build1"
    /bin/mkdir -p "$GOMODCACHE/module" && echo code > "$GOMODCACHE/module/file" && /bin/chmod -R a-w "$GOMODCACHE"
    /bin/sleep 60 & echo $! > "${pidFile}"; wait`;
  writeFileSync(join(folder, 'bin', 'go'), go, { mode: 0o755 });
  const script = `process.on('SIGINT', () => process.exit(130));
    require(process.argv[1]).findTemporalCli(console.log, JSON.parse(process.argv[2]))`;
  const options = JSON.stringify(sources());
  const interrupted = spawn(process.execPath, ['-e', script, join(__dirname, 'dist', 'temporal-cli.js'), options], {
    env: process.env, // jest's own, with the PATH above
  });
  const ended = once(interrupted, 'exit');
  await eventually(() => expect(readFileSync(pidFile, 'utf8')).toMatch(/\d/));

  interrupted.kill('SIGINT');
  await expect(ended).resolves.toEqual([130, null]);

  await eventually(() => expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false));
  await eventually(() => expect(readdirSync(cache())).toEqual([]));
  answer = archiveOf('echo temporal version 1.5.1');
  await expect(find()).resolves.toBe(join(cache(), 'temporal'));
  await eventually(() => expect(readdirSync(cache())).toEqual(['temporal']));
});

test('builds it with Go, and leaves nothing but the program', async () => {
  const go = `#!/bin/sh
    echo "$GOMODCACHE $GOCACHE $GOTMPDIR" > "${join(folder, 'go-folders')}"
    echo temporary > "$GOTMPDIR/go-build1"
    printf '#!/bin/sh\\n' > "$GOBIN/temporal" && /bin/chmod +x "$GOBIN/temporal"`;
  writeFileSync(join(folder, 'bin', 'go'), go, { mode: 0o755 });

  await expect(find()).resolves.toBe(join(cache(), 'temporal'));

  expect(printed).toEqual([
    "Temporal's CLI: downloading it from GitHub, once for this machine …",
    expect.stringMatching(/^ {2}not possible here: .*answered 404/),
    "Temporal's CLI: building it with Go, which takes 3 to 12 minutes, once for this machine …",
  ]);
  const folders = readFileSync(join(folder, 'go-folders'), 'utf8').trim().split(' ');
  for (const goFolder of folders) expect(goFolder.startsWith(`${cache()}/`)).toBe(true);
  await eventually(() => expect(readdirSync(cache())).toEqual(['temporal']));
});

test('fails with the reason of each method, and what to do, if there is no way to get it', async () => {
  await expect(find()).rejects.toThrow(
    /not on the PATH.*\n.*answered 404\n.*Go is not installed\nInstall it .*TEMPORAL_ADDRESS/,
  );
  await eventually(() => expect(readdirSync(cache())).toEqual([]));
});
