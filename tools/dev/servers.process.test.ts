import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { freePort, isTaken } from './ports';
import { Servers } from './servers';

let folder: string;
let servers: Servers;
beforeEach(() => {
  folder = temporaryFolder('servers');
  servers = new Servers(folder);
});
afterEach(async () => {
  await servers.stopAll();
  rmSync(folder, { recursive: true });
});

const aServer = (name: string, script: string, port: number) => ({
  name,
  program: process.execPath,
  args: ['-e', script, String(port)],
  isReady: () => isTaken(port),
});
const LISTENS = 'require("net").createServer().listen(process.argv[1], "127.0.0.1")';

test('waits until a server is ready, and stops it', async () => {
  const port = await freePort();
  const listeners = process.listenerCount('exit');
  await servers.start(aServer('listener', LISTENS, port));
  expect(await isTaken(port)).toBe(true);

  await servers.stopAll();
  expect(await isTaken(port)).toBe(false);
  expect(process.listenerCount('exit')).toBe(listeners);
});

test('fails with the end of the log if a server does not start', async () => {
  const starting = servers.start(aServer('broken', 'console.error("no disk left"); process.exit(3)', await freePort()));

  await expect(starting).rejects.toThrow(/broken did not start: it ended with exit code 3\..*\n.*no disk left/);
});

test('fails if the program does not exist', async () => {
  const starting = servers.start({ ...aServer('absent', '', await freePort()), program: join(folder, 'absent') });

  await expect(starting).rejects.toThrow(/absent did not start: .*ENOENT/);
});

test('stops servers in the reverse order of their start', async () => {
  const [first, second] = [await freePort(), await freePort()];
  const outlives = `${LISTENS}; process.on('SIGTERM', () => process.exit(0))`;
  await servers.start(aServer('first', outlives, first));
  await servers.start({
    ...aServer('second', LISTENS, second),
    args: [
      '-e',
      `${LISTENS}; process.on('SIGTERM', () => require('net').connect(${first}, '127.0.0.1')
        .on('connect', () => { console.log('first still runs'); process.exit(0); }).on('error', () => process.exit(1)))`,
      String(second),
    ],
  });

  await servers.stopAll();

  expect(readFileSync(join(folder, 'second.log'), 'utf8')).toContain('first still runs');
});

test('refuses starts while all servers are being stopped', async () => {
  const port = await freePort();
  await servers.start(aServer('listener', LISTENS, port));

  servers.refuseStarts();

  await expect(servers.start(aServer('late', LISTENS, await freePort()))).rejects.toThrow(/late is not started/);
  await servers.stopAll();
  expect(await isTaken(port)).toBe(false);
});

test('kills its servers if the process exits without stopping them', async () => {
  const port = await freePort();
  const script = `
    const { Servers } = require('@shop/dev/servers');
    const { isTaken } = require('@shop/dev/ports');
    const args = ['-e', ${JSON.stringify(LISTENS)}, '${port}'];
    const server = { name: 'left', program: process.execPath, args, isReady: () => isTaken(${port}) };
    void (async () => {
      const servers = new Servers(${JSON.stringify(folder)});
      await servers.start(server);
      await servers.stopAll(); // which removes the exit listener
      await servers.start(server);
      process.exit(7);
    })();`;

  expect(spawnSync(process.execPath, ['-e', script], { cwd: join(__dirname, '..', '..') }).status).toBe(7);

  await eventually(async () => expect(await isTaken(port)).toBe(false));
});
