import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Runs the health check against a service that answers with a status, or against a closed port if it is null. */
async function checkReady(status: number | null): Promise<unknown> {
  const requested: unknown[] = [];
  const service = createServer((request, response) => {
    requested.push(request.url);
    response.writeHead(status ?? 500).end();
  }).listen(0);
  const { port } = service.address() as AddressInfo;
  if (status === null) service.close();
  const check = spawn(process.execPath, [join(__dirname, 'dist', 'check-ready.js')], { env: { PORT: String(port) } });
  const [code] = (await once(check, 'exit')) as [number];
  service.close();
  return { code, requested };
}

test('exits with 0 only if the service is ready', async () => {
  await expect(checkReady(200)).resolves.toEqual({ code: 0, requested: ['/readyz'] });
  await expect(checkReady(503)).resolves.toEqual({ code: 1, requested: ['/readyz'] });
  await expect(checkReady(null)).resolves.toEqual({ code: 1, requested: [] });
});
