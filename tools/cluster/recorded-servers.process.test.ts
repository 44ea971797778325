import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isRunning } from '@shop/dev/programs';
import { temporaryFolder } from '../../test/temporary-folder';
import { RecordedServers } from './recorded-servers';

let folder: string;
let servers: RecordedServers;
beforeEach(() => {
  folder = temporaryFolder('recorded-servers');
  servers = new RecordedServers(folder);
});
afterEach(async () => {
  await servers.stopAll();
  rmSync(folder, { recursive: true });
});

const start = (name: string): Promise<void> =>
  servers.start({ name, program: 'sleep', args: ['600'], env: process.env, isReady: async () => true });

type ServerRecord = { pid: number; startTime: string };

function recordOf(name: string): ServerRecord {
  const { [name]: server } = JSON.parse(readFileSync(join(folder, 'servers.json'), 'utf8')) as Record<
    string,
    ServerRecord
  >;
  if (!server) throw new Error(`There is no record of ${name}.`);
  return server;
}

test('keeps a server running after the process that started it, and stops it from another process', async () => {
  const script = `
    const { RecordedServers } = require('@shop/cluster/recorded-servers');
    const server = { name: 'sleeper', program: 'sleep', args: ['600'], env: process.env, isReady: async () => true };
    void new RecordedServers(${JSON.stringify(folder)}).start(server).then(() => process.exit());`;
  spawnSync(process.execPath, ['-e', script], { cwd: join(__dirname, '..', '..'), env: process.env });
  const { pid } = recordOf('sleeper');
  expect(isRunning(pid)).toBe(true);
  expect(servers.running).toEqual(['sleeper']);

  await servers.stopAll();

  expect(servers.running).toEqual([]);
});

test('does not start a running server again', async () => {
  await start('sleeper');
  const { pid } = recordOf('sleeper');

  await start('sleeper');

  expect(recordOf('sleeper').pid).toBe(pid);
});

test('does not kill a process that has received the pid of a stopped server', async () => {
  await start('sleeper');
  await start('other');
  const [stopped, other] = [recordOf('sleeper'), recordOf('other')];
  await servers.end('sleeper');
  const record = JSON.parse(readFileSync(join(folder, 'servers.json'), 'utf8')) as object;
  const reused = { ...stopped, pid: other.pid, startTime: String(Number(other.startTime) - 1) };
  writeFileSync(join(folder, 'servers.json'), JSON.stringify({ ...record, sleeper: reused }));

  await servers.end('sleeper', 'SIGKILL');

  expect(servers.running).toEqual(['other']);
});

test('reports a killed server as not running', async () => {
  await start('sleeper');

  await servers.end('sleeper', 'SIGKILL');

  expect(servers.pidOf('sleeper')).toBeNull();
});

test('waits for a running server that is not ready yet', async () => {
  await start('sleeper');
  let checks = 0;
  const again = { name: 'sleeper', program: 'sleep', args: ['600'], isReady: async () => ++checks === 3 };

  await servers.start(again);

  expect(checks).toBe(3);
});

test('reports a server that exits before it is ready', async () => {
  await start('sleeper');
  const waiting = servers.start({ name: 'sleeper', program: 'sleep', args: ['600'], isReady: async () => false });

  await servers.end('sleeper', 'SIGKILL');

  await expect(waiting).rejects.toThrow(/sleeper is running, but cannot be used: it exited/);
});

test('refuses starts after refuseStarts', async () => {
  servers.refuseStarts();

  await expect(start('late')).rejects.toMatchObject({ name: 'StartsRefusedError' });
});
