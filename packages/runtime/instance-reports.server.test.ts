import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { callService } from '../../test/call';
import { eventually } from '../../test/eventually';
import { createShopDatabase } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { createHttpApp, serveHttp } from './http-server';
import { instanceOperation } from './instance-operations';
import { InstanceReports } from './instance-reports';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let server: Awaited<ReturnType<typeof serveHttp>>;

beforeAll(async () => {
  shop = await createShopDatabase('instances');
  database = connectOrders(shop.ordersUrl, { poolSize: 2 });
  const app = createHttpApp({
    prefixes: ['/orderManagement'],
    operations: [instanceOperation('order-management', database)],
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
  });
  server = await serveHttp(app, 0);
});
afterAll(async () => {
  await server.stop();
  await database.$disconnect();
  await shop.drop();
});
beforeEach(() => database.instance.deleteMany());

const reportsOf = (broker: () => string, service = 'order-management'): InstanceReports =>
  new InstanceReports({
    service,
    buildId: 'a1b2c3',
    database,
    readiness: async () => ({ ready: broker() === 'consuming', checks: { broker: broker() } }),
    log: silentLog,
    intervalMs: 50,
  });

const list = async () =>
  (await callService({ url: `http://localhost:${server.port}` }, 'GET', '/orderManagement/instances')).body;

test('lists each instance of the service with the state of its dependencies, until it stops', async () => {
  let broker = 'consuming';
  const [one, other] = [reportsOf(() => broker), reportsOf(() => 'consuming', 'payment-processing')];
  one.start();
  other.start();
  await eventually(async () =>
    expect(await list()).toEqual([
      expect.objectContaining({ buildId: 'a1b2c3', processId: process.pid, state: 'ready', checks: { broker } }),
    ]),
  );

  broker = 'down';
  await eventually(async () => expect(await list()).toMatchObject([{ state: 'not ready', checks: { broker } }]));

  await Promise.all([one.stop(), other.stop()]);
  expect(await list()).toEqual([]);
});

const storeInstance = ({ reportedSecondsAgo }: { reportedSecondsAgo: number }) => database.$executeRaw`
  INSERT INTO instances (instance_id, service, host, process_id, build_id, ready, checks, started_at, reported_at)
  VALUES (gen_random_uuid(), 'order-management', 'host', 1, 'b', true, '{}', now() - interval '2 hours',
    now() - ${reportedSecondsAgo}::int * interval '1 second')`;

test('shows an instance that was killed as silent, and forgets it after an hour', async () => {
  const killed = reportsOf(() => 'consuming');
  killed.start();
  await eventually(async () => expect(await list()).toHaveLength(1));
  await killed.stop();
  await storeInstance({ reportedSecondsAgo: 30 });
  await storeInstance({ reportedSecondsAgo: 3_700 });

  expect(await list()).toMatchObject([{ host: 'host', state: 'silent' }]);

  const next = reportsOf(() => 'consuming');
  next.start();
  await eventually(async () => expect(await database.instance.count()).toBe(2)); // the silent one and itself
  await next.stop();
});
