import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { withDatabase } from '@shop/dev/with-database';
import { createShopDatabase } from '../test/servers';
import { connectOrders, connectPayments, type OrdersClient, type PaymentsClient } from './clients';
import { ReplicationProbe } from './replication';

// The defaults of the database differ from what the services need in every setting.

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let orders: OrdersClient;
let payments: PaymentsClient;

beforeAll(async () => {
  shop = await createShopDatabase('session');
  const name = new URL(shop.ordersUrl).pathname.slice(1);
  for (const setting of [
    `TimeZone = 'Asia/Tokyo'`,
    `search_path = 'pg_catalog'`,
    `default_transaction_isolation = 'serializable'`,
    `statement_timeout = '1ms'`,
  ]) {
    await withDatabase(shop.ordersUrl, (sql) => sql.query(`ALTER DATABASE "${name}" SET ${setting}`));
  }
  orders = connectOrders(shop.ordersUrl, { poolSize: 1 });
  payments = connectPayments(shop.paymentsUrl, { poolSize: 1 });
});
afterAll(async () => {
  await Promise.all([orders.$disconnect(), payments.$disconnect()]);
  await shop.drop();
});

test.each([
  ['the time zone', 'TimeZone', 'UTC', 'UTC'],
  ['the schema', 'search_path', '"public"', '"payments"'],
  ['the isolation level', 'default_transaction_isolation', 'read committed', 'read committed'],
  ['the statement timeout', 'statement_timeout', '8s', '8s'],
  ['the application name', 'application_name', 'order-management', 'payment-processing'],
])('a session sets %s, whatever the database says', async (_, name, ofOrders, ofPayments) => {
  await expect(orders.$queryRaw`SELECT current_setting(${name}) AS value`).resolves.toEqual([{ value: ofOrders }]);
  await expect(payments.$queryRaw`SELECT current_setting(${name}) AS value`).resolves.toEqual([{ value: ofPayments }]);
});

test('the probe of the readiness works, whatever the database says', async () => {
  const probe = new ReplicationProbe(shop.ordersUrl, 'primary');

  for (let query = 0; query < 20; query++) await expect(probe.isAvailable()).resolves.toBe(true);
  await probe.stop();
});

test('the URL can set another application name', async () => {
  const client = connectOrders(`${shop.ordersUrl}?application_name=canary`, { poolSize: 1 });

  await expect(client.$queryRaw`SELECT current_setting('application_name') AS value`).resolves.toEqual([
    { value: 'canary' },
  ]);
  await client.$disconnect();
});
