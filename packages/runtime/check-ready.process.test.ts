import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** The exit code of the container's health check, where the service answers with a status; with null nobody listens. */
async function checkReady(status: number | null): Promise<unknown> {
  const asked: unknown[] = [];
  const service = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status ?? 500).end();
  }).listen(0);
  const { port } = service.address() as AddressInfo;
  if (status === null) service.close();
  const check = spawn(process.execPath, [join(__dirname, 'dist', 'check-ready.js')], { env: { PORT: String(port) } });
  const [code] = (await once(check, 'exit')) as [number];
  service.close();
  return { code, asked };
}

test('says by its exit code whether the service is ready', async () => {
  await expect(checkReady(200)).resolves.toEqual({ code: 0, asked: ['/readyz'] });
  await expect(checkReady(503)).resolves.toEqual({ code: 1, asked: ['/readyz'] });
  await expect(checkReady(null)).resolves.toEqual({ code: 1, asked: [] });
});
