import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { explainSearch, sampleRows, type Samples } from '@shop/dev/explained-search';
import { seedOrders } from '@shop/dev/seeded-orders';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { Client } from 'pg';
import { createDatabase } from '../../test/servers';
import { DOCUMENTED_QUERIES } from './documented-queries';

let shop: Awaited<ReturnType<typeof createDatabase>>;
let database: OrdersClient;
let sql: Client;
let samples: Samples;
/** The bounds of the REST API for a million orders, in proportion to the orders of this test. */
const SELECTIVITY = { maxRows: 100, maxEstimate: 400 };

beforeAll(async () => {
  shop = await createDatabase('documented-queries');
  await seedOrders(shop.url, { orders: 20_000, seed: 1 });
  database = connectOrders(shop.url, { poolSize: 4 });
  sql = new Client({ connectionString: shop.url });
  await sql.connect();
  samples = await sampleRows(sql);
}, 120_000);
afterAll(async () => {
  await sql.end();
  await database.$disconnect();
  await shop.drop();
});

test.each(DOCUMENTED_QUERIES)('$path?$query reads an index and scans neither orders nor lines', async (documented) => {
  const { statements } = await explainSearch(database, sql, documented, samples, SELECTIVITY);

  expect(statements.flatMap(({ indexes }) => indexes)).not.toEqual([]);
  const page = statements.filter(({ isCount }) => !isCount);
  expect(page.length).toBeGreaterThanOrEqual(2); // at least one finds the rows, and one loads the items
  const scanned = page.flatMap((statement) => statement.scanned);
  expect(scanned).not.toContain('orders');
  expect(scanned).not.toContain('order_products');
});

test('a second seeding adds nothing, a larger number adds the difference, and no seeded order needs a saga', async () => {
  const none = { customers: 0, products: 0, orders: 0, lines: 0 };
  await expect(seedOrders(shop.url, { orders: 20_000, seed: 1 })).resolves.toEqual(none);
  await expect(seedOrders(shop.url, { orders: 20_100, seed: 1 })).resolves.toMatchObject({ orders: 100, products: 0 });
  await expect(seedOrders(shop.url, { orders: 50, seed: 2 })).resolves.toMatchObject({ orders: 50, products: 1_000 });

  expect(await database.order.count({ where: { orderStatus: 'placed' } })).toBe(0);
  expect(await database.order.count({ where: { lines: { none: {} } } })).toBe(0);
});
