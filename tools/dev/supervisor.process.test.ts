import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { freePort, isTaken } from './ports';
import { ProcessFiles } from './process-files';
import { Servers, type ServerProgram } from './servers';
import { Supervisor } from './supervisor';

let folder: string;
let servers: Servers;
let files: ProcessFiles;
let supervisor: Supervisor;
let lines: string[];
let port: number;
beforeEach(async () => {
  folder = temporaryFolder('supervisor');
  servers = new Servers(folder);
  files = new ProcessFiles(folder);
  lines = [];
  supervisor = new Supervisor(servers, files, (line) => void lines.push(line), 20);
  port = await freePort();
});
afterEach(async () => {
  await supervisor.stopAll();
  rmSync(folder, { recursive: true });
});

const LISTEN = 'require("net").createServer().listen(process.argv[1], "127.0.0.1")';
/** A server that fails to start while a file exists. */
const aServer = (name = 'listener'): ServerProgram => ({
  name,
  program: process.execPath,
  args: [
    '-e',
    `if (require('fs').existsSync(process.argv[2])) { console.error('no disk space left'); process.exit(3); }
     console.log('started'); ${LISTEN}`,
    String(port),
    join(folder, 'broken'),
  ],
  isReady: () => isTaken(port),
});

test('restarts a server that ends unexpectedly, and keeps its log', async () => {
  await supervisor.start(aServer());
  const before = servers.pidOf('listener');

  servers.send('listener', 'SIGKILL');

  await eventually(() => expect(lines).toContain('listener is running again.'));
  expect(lines[0]).toMatch(/^listener ended unexpectedly \(SIGKILL\)\. It restarts in /);
  expect(servers.pidOf('listener')).not.toBe(before);
  expect(await isTaken(port)).toBe(true);
  expect(readFileSync(join(folder, 'listener.log'), 'utf8')).toBe('started\nstarted\n');
});

test('fails with the end of the log if a server ends five times in a row soon after its start', async () => {
  await supervisor.start(aServer());

  writeFileSync(join(folder, 'broken'), '');
  servers.send('listener', 'SIGKILL');

  await expect(supervisor.failure).rejects.toThrow(
    /^listener ended 5 times in a row soon after its start, the last time with exit code 3\. .*log:\n[^]*no disk space left$/,
  );
  expect(lines).toHaveLength(4);
});

test('stops a server on request, and starts it again on request', async () => {
  await supervisor.start(aServer());

  files.requestStop('listener');

  await eventually(() => expect(files.states().get('listener')).toBe('stopped'));
  expect(lines).toEqual(['listener was stopped. Start it again with: make start SERVICE=listener']);
  expect(await isTaken(port)).toBe(false);

  files.requestStart('listener');

  await eventually(() => expect(files.states().get('listener')).toBe('running'));
  expect(await isTaken(port)).toBe(true);
});

test('restarts nothing once all servers are being stopped', async () => {
  supervisor = new Supervisor(servers, files, (line) => void lines.push(line), 60_000);
  await supervisor.start(aServer());
  servers.send('listener', 'SIGKILL');
  await eventually(() => expect(lines).toHaveLength(1));

  await supervisor.stopAll();

  expect(servers.isRunning('listener')).toBe(false);
  expect(await isTaken(port)).toBe(false);
});
