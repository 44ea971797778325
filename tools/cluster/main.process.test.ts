import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';

// The program of `make cluster`, as built.
let folder: string;
beforeEach(() => {
  folder = temporaryFolder('cluster-main');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(
  command: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ output: string; errors: string; exitCode: number }> {
  const child = spawn(process.execPath, [join(__dirname, 'dist', 'main.js'), command], {
    env: { PATH: process.env['PATH'], CLUSTER_FOLDER: folder, XDG_CACHE_HOME: folder, ...environment },
  });
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);
  return { output, errors, exitCode };
}

test('reports all problems before it builds or starts anything', async () => {
  const otherProgram = createServer().listen(0, '127.0.0.1');
  await once(otherProgram, 'listening');
  const { port } = otherProgram.address() as AddressInfo;

  const { output, errors, exitCode } = await run('up', {
    CLUSTER_PORT: String(port),
    AMQP_URL: 'amqp://guest:guest@localhost:1',
  });
  otherProgram.close();

  expect(errors).toMatch(/^\d problems prevent the start of the cluster:\n- /);
  expect(errors).toMatch(new RegExp(`- Ports? ${port} \\(haproxy\\).* in use by another program`));
  expect(errors).toMatch(/set CLUSTER_PORT .*for example: make cluster CLUSTER_PORT=\d+$/m);
  expect(errors).toContain('- The broker of AMQP_URL cannot be used: ');
  expect(output).toBe('');
  expect(exitCode).toBe(1);
  expect(existsSync(join(folder, 'logs'))).toBe(false);
});

test.each(['status', 'restart', 'switch-over', 'reload'])(
  'reports that %s needs a running cluster',
  async (command) => {
    expect(await run(command)).toEqual({
      output: '',
      errors: 'No cluster is running. Start it with: make cluster\n',
      exitCode: 1,
    });
  },
);

test('reports that there is nothing to stop', async () => {
  expect(await run('down')).toMatchObject({ output: 'No cluster is running.\n', exitCode: 0 });
});
