import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import { describe, expect, test } from '@jest/globals';

interface Outcome {
  code: number;
  requested: unknown[];
  printed: string;
}

/** Runs a service's health check against a server that answers with a status, or against a closed port if it is null. */
async function check(service: ServiceName, status: number | null, address?: string): Promise<Outcome> {
  const requested: unknown[] = [];
  const server = createServer((request, response) => {
    requested.push(request.url);
    response.writeHead(status ?? 500).end('the checks');
  }).listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (status === null) server.close();
  const env = { PORT: String(port), ...(address !== undefined && { LISTEN_ADDRESS: address, AUTH: 'none' }) };
  const program = join(__dirname, '..', '..', service, 'dist', 'check-ready.js');
  const child = spawn(process.execPath, [program], { env });
  const [printed, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number]>]);
  server.close();
  return { code, requested, printed: printed.replace(String(port), '<port>') };
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const ADDRESSES = [undefined, '127.0.0.1', '127.0.0.2', '0.0.0.0', ...(hasIpv6 ? ['::', '::1'] : [])];

describe.each(SERVICES)('the health check of %s', (service) => {
  test('exits with 0 only if the service is ready', async () => {
    await expect(check(service, 200)).resolves.toEqual({ code: 0, requested: ['/readyz'], printed: '' });
    await expect(check(service, 503)).resolves.toMatchObject({ code: 1, requested: ['/readyz'] });
    await expect(check(service, null)).resolves.toMatchObject({ code: 1, requested: [] });
  });

  test('prints why the service is not ready', async () => {
    const { printed } = await check(service, 503);
    expect(printed).toBe('localhost:<port>/readyz: 503 the checks\n');
    expect((await check(service, null)).printed).toMatch(/^localhost:<port>\/readyz: .*ECONNREFUSED/);
  });

  test.each(ADDRESSES)('uses the address on which the service listens: %s', async (address) => {
    await expect(check(service, 200, address)).resolves.toMatchObject({ code: 0, requested: ['/readyz'] });
  });
});
