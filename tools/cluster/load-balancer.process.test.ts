import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { layoutOf, type Layout } from './layout';
import { LoadBalancer } from './load-balancer';
import { findHaproxy } from './programs';
import { RecordedServers } from './recorded-servers';
import { rolesFile, writeRoles } from './roles';

const program = findHaproxy();
/** `make test` does not install HAProxy; continuous integration does, and `make test-cluster`, which reloads it too. */
const testWithHaproxy = program === null ? test.skip : test;

let layout: Layout;
let servers: RecordedServers;
let loadBalancer: LoadBalancer;
beforeEach(async () => {
  layout = layoutOf(temporaryFolder('load-balancer'), 0);
  Object.assign(layout.ports, {
    orders: await freePort(),
    statistics: await freePort(),
    primary: await freePort(),
    secondaries: [await freePort(), await freePort()],
  });
  writeRoles(layout, { primary: 1, secondaries: [2, 3] });
  servers = new RecordedServers(layout.folder);
  loadBalancer = new LoadBalancer(program ?? '', layout, servers);
});
afterEach(async () => {
  await servers.stopAll();
  rmSync(layout.folder, { recursive: true });
});

testWithHaproxy('reloads its configuration, and reports the old and the new worker process', async () => {
  await loadBalancer.start();

  const first = await loadBalancer.reload();
  const second = await loadBalancer.reload();

  expect(first.newWorker).not.toBe(first.oldWorker);
  expect(second.oldWorker).toBe(first.newWorker);
});

testWithHaproxy('keeps the old configuration if the new one is invalid, and reports why', async () => {
  await loadBalancer.start();
  const map = rolesFile(layout);
  rmSync(map);

  await expect(loadBalancer.reload()).rejects.toThrow(new RegExp(`haproxy\\.cfg is invalid\\.[^]*${map}`));

  expect((await loadBalancer.statistics()).has('order-management-1')).toBe(true);
});

/** Requests a path from HAProxy. @returns the status of the answer */
const statusOf = async (path: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${layout.ports.orders}${path}`)).status;

testWithHaproxy('does not forward the paths of the management port, which an instance may serve as well', async () => {
  await loadBalancer.start();

  for (const path of ['/metrics', '/readyz', '/METRICS/', '//readyz', '/metrics?x=1']) {
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  }
  expect(await statusOf('/livez')).toBe(503); // no instance is running
});

testWithHaproxy('serves both services under one origin', async () => {
  const [orders, payments] = [await serveName('order-management'), await serveName('payment-processing')];
  layout.ports.services['order-management'][1] = orders.port;
  layout.ports.services['payment-processing'][1] = payments.port;
  await loadBalancer.start();
  const serviceAt = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${layout.ports.orders}${path}`)).text();

  await eventually(async () => expect(await serviceAt('/orderManagement/me')).toBe('order-management'));
  await eventually(async () => expect(await serviceAt('/paymentProcessing/payments')).toBe('payment-processing'));
  expect(await serviceAt('/payment-processing/payments?limit=1')).toBe('payment-processing');
  for (const path of ['/', '/orders', '/payments', '/order-management/order?x=/paymentProcessing/']) {
    expect([path, await serviceAt(path)]).toEqual([path, 'order-management']);
  }
  for (const { server } of [orders, payments]) server.close();
});

/** Serves a text at every path. */
async function serveName(name: string) {
  const server = createServer((_request, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}
