import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { temporaryFolder } from '../../test/temporary-folder';
import { layoutOf, type Layout } from './layout';
import { LoadBalancer } from './load-balancer';
import { findHaproxy } from './programs';
import { RecordedServers } from './recorded-servers';
import { rolesFile, writeRoles } from './roles';

const program = findHaproxy();
/** `make test` does not install HAProxy; `make test-cluster` does, and reloads it too. */
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
