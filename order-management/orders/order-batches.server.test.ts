import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import { readOrderBatch, type ListPosition } from './order-batches';
import type { PlacedOrder } from './placed-order';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('order-batches');
  database = connectOrders(shop.ordersUrl, { poolSize: 2 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  await database.order.deleteMany();
});

/** Inserts orders without lines, with the dates that an SQL expression of `number` gives them. */
const insertOrders = (count: number, date: string): Promise<number> =>
  database.$executeRawUnsafe(
    `INSERT INTO orders (order_id, customer_id, order_status, payment_status, order_date)
     SELECT gen_random_uuid(), '${customer.customerId}', 'shipped', 'success', ${date} FROM generate_series(1, ${count}) number`,
  );

/** Reads the whole list. @param between is called after each batch */
async function readList(
  between: (batches: number) => Promise<unknown> = async () => undefined,
): Promise<PlacedOrder[]> {
  const list: PlacedOrder[] = [];
  let position: ListPosition | null = null;
  for (let batches = 1; ; batches++) {
    const { orders, next } = await readOrderBatch(database, position);
    list.push(...orders);
    if (next === null) return list;
    await between(batches);
    position = next;
  }
}

/** The ids in the order of the list, in a single statement. */
const expectedIds = async (): Promise<string[]> => {
  const rows = await database.$queryRaw<{ id: string }[]>`
    SELECT order_id AS id FROM orders WHERE deleted_at IS NULL ORDER BY order_date, order_id`;
  return rows.map(({ id }) => id);
};

test('reads every order once, in the order of dates and ids, in several batches', async () => {
  await insertOrders(1_500, `timestamp '2026-01-01' + (number / 300) * interval '1 us'`); // batches end within equal dates
  await insertOrders(450, 'NULL');
  await insertOrders(3, `'infinity'`);
  await insertOrders(3, `'-infinity'`);
  await insertOrders(3, `'0044-03-15 BC'`);
  await database.$executeRaw`UPDATE orders SET deleted_at = now() WHERE order_id IN (SELECT order_id FROM orders LIMIT 100)`;

  const list = await readList();

  expect(list).toHaveLength(1_859);
  expect(list.map(({ orderId }) => orderId)).toEqual(await expectedIds());
});

test.each([
  ['no order', 0, 0],
  ['only orders with a date', 200, 0],
  ['only orders without a date', 0, 200],
])('ends with %s', async (_, dated, undated) => {
  await insertOrders(dated, 'now()');
  await insertOrders(undated, 'NULL');

  expect((await readList()).map(({ orderId }) => orderId)).toEqual(await expectedIds());
});

test('ends although orders are placed faster than they are read', async () => {
  await insertOrders(1_000, `now() - number * interval '1 s'`);
  const before = await expectedIds();

  const list = await readList((batches) => {
    if (batches > 20) throw new Error('The list does not end.');
    return insertOrders(400, `now() + number * interval '1 ms'`);
  });

  expect(list.map(({ orderId }) => orderId)).toEqual(before);
});

test('shows the lines of an order, sorted by product', async () => {
  const products = [];
  for (let i = 0; i < 3; i++) products.push(await aProduct(database, { name: `Dish "${i}" \\ ü`, description: '' }));
  const lines = products.map(({ productId }, i) => ({ productId, quantity: i + 1 }));
  await anOriginalOrder(database, customer, lines);

  const [order] = await readList();

  const expected = products.map((product, i) => ({ ...product, quantity: i + 1 }));
  expect(order?.lines).toEqual(expected.toSorted((a, b) => (a.productId < b.productId ? -1 : 1)));
});

test('reads fewer orders at once if they have very many lines', async () => {
  await insertOrders(10, `now() - number * interval '1 s'`);
  await database.$executeRaw`
    WITH created AS (
      INSERT INTO products (product_id, name, price, quantity_available, product_type)
      SELECT gen_random_uuid(), 'Mug', 1, 1, 'Kitchen' FROM generate_series(1, 2000) RETURNING product_id)
    INSERT INTO order_products (order_id, product_id, quantity) SELECT order_id, product_id, 1 FROM orders, created`;

  const { orders, next } = await readOrderBatch(database, null);

  expect(orders).toHaveLength(2);
  expect(next).not.toBeNull();
  expect(await readList()).toHaveLength(10);
});

test('reads an index, and not the whole table', async () => {
  await insertOrders(5_000, `now() - number * interval '1 s'`);
  await database.$executeRaw`ANALYZE orders`;
  const { next } = await readOrderBatch(database, null);

  const scanned = await database.$transaction(async (tx) => {
    const countScanned = async (): Promise<number> => {
      const [row] = await tx.$queryRaw<[{ count: number }]>`
        SELECT seq_tup_read::int AS count FROM pg_stat_xact_user_tables WHERE relname = 'orders'`;
      return row.count;
    };
    const before = await countScanned();
    await readOrderBatch(tx as OrdersClient, next);
    return (await countScanned()) - before;
  });

  expect(scanned).toBe(0);
});
