import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import type { ServiceName } from '@shop/dev/service-program';
import { PROBLEMS } from '@shop/runtime/problem-catalogue';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { layoutOf, type Instance, type Layout } from './layout';
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
const instances: Server[] = [];
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
  for (const instance of instances.splice(0)) instance.close();
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

/** Requests a path from HAProxy. */
const request = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${layout.ports.orders}${path}`);

const textOf = async (path: string): Promise<string> => (await request(path)).text();

testWithHaproxy('does not forward the paths of the management port, which an instance may serve as well', async () => {
  await loadBalancer.start();

  for (const path of ['/metrics', '/readyz', '/METRICS/', '//readyz', '/metrics?x=1']) {
    expect([path, (await request(path)).status]).toEqual([path, 404]);
  }
  expect((await request('/livez')).status).toBe(503); // no instance is running
});

testWithHaproxy('serves both services under one origin', async () => {
  await serveAs('order-management', 1, () => 'order-management');
  await serveAs('payment-processing', 1, () => 'payment-processing');
  await loadBalancer.start();
  await eventually(async () => expect(await textOf('/orderManagement/me')).toBe('order-management'));
  await eventually(async () => expect(await textOf('/paymentProcessing/payments')).toBe('payment-processing'));
  expect(await textOf('/payment-processing/payments?limit=1')).toBe('payment-processing');
  for (const path of ['/', '/orders', '/payments', '/order-management/order?x=/paymentProcessing/']) {
    expect([path, await textOf(path)]).toEqual([path, 'order-management']);
  }
});

const NOT_READY =
  'is ready: its database is unavailable, it is not running, or it is overloaded. Try again in 5 seconds.';

/** Expects the problem document of HAProxy, as the catalogue of problems describes it. */
async function expectNotReady(path: string, service: ServiceName): Promise<void> {
  const response = await request(path);
  const detail = `No instance of ${service} ${NOT_READY}`;
  const { title, status } = PROBLEMS['service-unavailable'];
  const problem = { type: '/problems/service-unavailable', code: 'service-unavailable', title, status, detail };
  expect([response.status, await response.json()]).toEqual([503, { ...problem, error: detail }]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('retry-after')).toBe('5');
}

/** What an instance answers while its database is unavailable. */
const withoutDatabase = (path: string): string | null => (path === '/readyz' ? null : 'console');

testWithHaproxy('serves the console from an instance that is alive, and says which service is not ready', async () => {
  await serveAs('order-management', 1, withoutDatabase);
  await serveAs('payment-processing', 1, withoutDatabase);
  await loadBalancer.start();

  // HAProxy considers an instance ready until its first checks have failed.
  await eventually(() => expectNotReady('/orderManagement/order', 'order-management'));
  await eventually(() => expectNotReady('/paymentProcessing/payments', 'payment-processing'));
  for (const path of ['/', '/orders', '/orders/1', '/attention', '/assets/index-a1b2.js', '/docs', '/openapi.json']) {
    expect([path, await textOf(path)]).toEqual([path, 'console']);
  }
  for (const path of ['/order-management/me', '//ORDERMANAGEMENT/order/']) {
    await expectNotReady(path, 'order-management');
  }
  await expectNotReady('/payment-processing/payments', 'payment-processing');
});

testWithHaproxy(
  'says what to do if no instance is alive: people on a page, programs in a problem document',
  async () => {
    await loadBalancer.start();

    const page = await request('/orders');
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
    expect(page.headers.get('retry-after')).toBe('5');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await page.text()).toMatch(/No instance of order-management is running\..*Try again.* in 5 seconds/);
    await expectNotReady('/orderManagement/order', 'order-management');
    await expectNotReady('/paymentProcessing/payments', 'payment-processing');
  },
);

testWithHaproxy('finds a file of the console that only an instance of another build has', async () => {
  const asked = { older: 0, newer: 0 };
  await serveAs('order-management', 1, (path) => (path.startsWith('/assets') ? (asked.older++, undefined) : 'ok'));
  await serveAs('order-management', 2, (path) => (path.startsWith('/assets') ? (asked.newer++, 'newer') : 'ok'));
  await loadBalancer.start();
  await eventually(async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => request('/')));
    expect(new Set(responses.map(({ headers }) => headers.get('x-served-by'))).size).toBe(2);
  });

  for (let i = 0; i < 8; i++) expect(await textOf('/assets/index-a1b2.js')).toBe('newer');

  expect(asked.older).toBeGreaterThan(0);
});

/** Serves each path as an instance of a service: a text with 200, null with 503, and undefined with 404. */
async function serveAs(
  service: ServiceName,
  instance: Instance,
  textAt: (path: string) => string | null | undefined,
): Promise<void> {
  const server = createServer(({ url = '' }, response) => {
    const text = textAt(url);
    response.writeHead(text === null ? 503 : text === undefined ? 404 : 200).end(text ?? '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  instances.push(server);
  layout.ports.services[service][instance] = (server.address() as AddressInfo).port;
}
