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

type Recorded = { pid: number; began: string };

/** What is written down of a server. */
function recordOf(name: string): Recorded {
  const { [name]: server } = JSON.parse(readFileSync(join(folder, 'servers.json'), 'utf8')) as Record<string, Recorded>;
  if (!server) throw new Error(`Nothing is written down of ${name}.`);
  return server;
}

test('a server goes on when the process that has started it ends, and another stops it', async () => {
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

test('a server that runs is not started again', async () => {
  await start('sleeper');
  const { pid } = recordOf('sleeper');

  await start('sleeper');

  expect(recordOf('sleeper').pid).toBe(pid);
});

test('a process that has got the number of a server that is gone is left alone', async () => {
  await start('sleeper');
  await start('stranger');
  const [gone, stranger] = [recordOf('sleeper'), recordOf('stranger')];
  await servers.end('sleeper');
  const record = JSON.parse(readFileSync(join(folder, 'servers.json'), 'utf8')) as object;
  const reused = { ...gone, pid: stranger.pid, began: String(Number(stranger.began) - 1) };
  writeFileSync(join(folder, 'servers.json'), JSON.stringify({ ...record, sleeper: reused }));

  await servers.end('sleeper', 'SIGKILL');

  expect(servers.running).toEqual(['stranger']);
});

test('a server that is killed is no longer running', async () => {
  await start('sleeper');

  await servers.end('sleeper', 'SIGKILL');

  expect(servers.pidOf('sleeper')).toBeNull();
});

test('a server that was started and cannot be used yet is waited for', async () => {
  await start('sleeper');
  let looks = 0;
  const again = { name: 'sleeper', program: 'sleep', args: ['600'], isReady: async () => ++looks === 3 };

  await servers.start(again);

  expect(looks).toBe(3);
});

test('a server that ends while it is waited for is told of', async () => {
  await start('sleeper');
  const waiting = servers.start({ name: 'sleeper', program: 'sleep', args: ['600'], isReady: async () => false });

  await servers.end('sleeper', 'SIGKILL');

  await expect(waiting).rejects.toThrow(/sleeper had been started, but it ended/);
});

test('none is started any more once it is told so', async () => {
  servers.refuseStarts();

  await expect(start('late')).rejects.toThrow(/late is not started/);
});
