import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../test/servers';
import { aCustomer, aProduct } from '../test/shop';
import { findProducts } from './catalog/products';
import { acceptOrder } from './orders/accept-order';
import { readOrderBatch, type ListPosition } from './orders/order-batches';
import { claimRefundsDue } from './orders/refunds-due';
import { resumeOrder } from './orders/resume-order';
import { cancelOrder } from './orders/settle-order';
import { claimUnsettledOrders } from './orders/unsettled-orders';
import { orderSearch } from './search/order-search';
import { readPage } from './search/read-page';
import { parseSearch } from './search/search';

// PostgreSQL keeps each prepared statement for as long as its connection lives, and limits the parameters of a statement to
// 65,535. A text that depended on the number of rows would exceed both.

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('statements');
  database = connectOrders(shop.ordersUrl, { poolSize: 1 }); // its only connection keeps all statements
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

const countStatements = async (): Promise<number> => {
  const [row] = await database.$queryRaw<[{ count: number }]>`SELECT count(*)::int FROM pg_prepared_statements`;
  return row.count;
};

/** Places an order, reads it, lists everything and settles the order. The number of rows grows with `size`. */
async function useEverything(size: number): Promise<void> {
  const { customerId } = await aCustomer(database);
  const lines = [];
  for (let i = 0; i < size; i++) lines.push({ productId: (await aProduct(database)).productId, quantity: 1 });
  const accepted = await acceptOrder(database, { customerId, lines }, 60_000);
  const orderId = accepted.accepted ? accepted.order.orderId : accepted.why;
  await resumeOrder(database, orderId);
  for (let next: ListPosition | null = null, first = true; first || next; first = false) {
    ({ next } = await readOrderBatch(database, next));
  }
  await findProducts(database, { offset: size, limit: size });
  await claimUnsettledOrders(database, { limit: size, examineAgainMs: size, adopt: 'all' });
  await cancelOrder(database, orderId, { code: 'customer-cancelled', reason: 'The customer cancelled the order.' });
  const filter = lines.map(() => 'price > 1').join(' OR '); // a search has a text of its own, and keeps none
  await readPage(database, orderSearch, parseSearch({ conditions: [], filter, limit: size, offset: 0 }, orderSearch));
  await claimRefundsDue(database, { limit: size, examineAgainMs: size });
}

test('no statement depends on the number of rows that it reads or writes', async () => {
  await useEverything(1);
  await countStatements(); // is a statement, too
  const before = await countStatements();

  for (const size of [2, 3, 20, 50]) await useEverything(size);

  expect(before).toBeGreaterThan(10);
  expect(await countStatements()).toBe(before);
});
