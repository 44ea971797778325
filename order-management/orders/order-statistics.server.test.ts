import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aProduct } from '../../test/shop';
import { readStatistics } from './order-statistics';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('statistics');
  database = connectOrders(shop.ordersUrl, { poolSize: 2 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(() => database.order.deleteMany());

const NOW = new Date('2026-11-28T12:34:56Z');
const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);

interface Stored {
  orderStatus: string;
  paymentStatus: string;
  orderDate: Date;
  settledAt?: Date;
  deletedAt?: Date;
}

/** Stores an order of two units at $5.00. */
async function store(order: Stored): Promise<void> {
  const { productId } = await aProduct(database);
  const lines = { create: [{ productId, quantity: 2, unitPrice: '5.00' }] };
  await database.order.create({ data: { orderId: randomUUID(), ...order, lines } });
}

test('counts orders and dollars by outcome, and the time to settle, in the hour in which they were placed', async () => {
  const placedAt = minutesAgo(90); // 11:04
  const after = (seconds: number): Date => new Date(placedAt.getTime() + seconds * 1_000);
  await store({ orderStatus: 'shipped', paymentStatus: 'success', orderDate: placedAt, settledAt: after(1) });
  await store({ orderStatus: 'shipped', paymentStatus: 'success', orderDate: placedAt, settledAt: after(3) });
  await store({ orderStatus: 'shipped', paymentStatus: 'refunded', orderDate: placedAt, settledAt: after(2) });
  await store({ orderStatus: 'cancelled', paymentStatus: 'failed', orderDate: minutesAgo(1) });
  await store({ orderStatus: 'placed', paymentStatus: 'pending', orderDate: minutesAgo(2) });

  const { from, complete, total, buckets } = await readStatistics(database, '24h', NOW);

  expect({ from, complete }).toEqual({ from: new Date('2026-11-27T13:00:00Z'), complete: true });
  expect(total).toEqual({
    placed: 1,
    shipped: 2,
    cancelled: 1,
    refunded: 1,
    placedAmount: 10,
    shippedAmount: 20,
    cancelledAmount: 10,
    refundedAmount: 10,
    settleP50: 2,
    settleP95: expect.closeTo(2.9),
  });
  expect(buckets).toEqual([
    expect.objectContaining({ start: new Date('2026-11-28T11:00:00Z'), shipped: 2, refunded: 1, settleP50: 2 }),
    expect.objectContaining({ start: new Date('2026-11-28T12:00:00Z'), placed: 1, cancelled: 1, settleP50: null }),
  ]);
});

test('leaves out orders that are older than the window, in the future, or deleted', async () => {
  const shipped = { orderStatus: 'shipped', paymentStatus: 'success' };
  await store({ ...shipped, orderDate: minutesAgo(61) });
  await store({ ...shipped, orderDate: minutesAgo(-1) });
  await store({ ...shipped, orderDate: minutesAgo(5), deletedAt: NOW });
  await database.$executeRaw`
    INSERT INTO orders (order_id, order_status, payment_status, order_date)
    VALUES (gen_random_uuid(), 'shipped', 'success', 'infinity')`;

  expect(await readStatistics(database, '1h', NOW)).toMatchObject({ total: { shipped: 0 }, buckets: [] });
});

/** Stores shipped orders with two lines of $3.00 each, one per second. */
async function storeMany(count: number): Promise<void> {
  const [one, other] = [await aProduct(database), await aProduct(database)];
  await database.$executeRaw`
    WITH stored AS (
      INSERT INTO orders (order_id, order_status, payment_status, order_date)
      SELECT gen_random_uuid(), 'shipped', 'success', ${NOW}::timestamptz AT TIME ZONE 'UTC' - n * interval '1 second'
      FROM generate_series(0, ${count - 1}::int) n RETURNING order_id
    )
    INSERT INTO order_products (order_id, product_id, quantity, unit_price)
    SELECT order_id, product_id, 1, 3 FROM stored
    CROSS JOIN unnest(ARRAY[${one.productId}, ${other.productId}]::uuid[]) product_id`;
}

test('counts every order, per bucket and in total', async () => {
  await storeMany(6_000);

  const { complete, from, total, buckets } = await readStatistics(database, '24h', NOW);

  expect({ complete, from, shipped: total.shipped, amount: total.shippedAmount }).toEqual({
    complete: true,
    from: new Date('2026-11-27T13:00:00Z'),
    shipped: 6_000,
    amount: 36_000,
  });
  expect(buckets.map(({ shipped, shippedAmount }) => [shipped, shippedAmount])).toEqual([
    [6_000 - 3_600 - 2_097, 6 * (6_000 - 3_600 - 2_097)],
    [3_600, 21_600],
    [2_097, 12_582], // from 12:00:00 to 12:34:56
  ]);
});

test('counts only the newest orders if all of them take too long, and says so', async () => {
  await storeMany(6_000);

  const { complete, from, total } = await readStatistics(database, '24h', NOW, { timeoutMs: 1, newest: 1_000 });

  expect({ complete, from, shipped: total.shipped }).toEqual({
    complete: false,
    from: new Date(NOW.getTime() - 999_000),
    shipped: 1_000,
  });
});
