import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aProduct } from '../../test/shop';
import { MAX_COUNTED_ORDERS, readStatistics } from './order-statistics';

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

test('counts only the newest orders of a large window, and says so', async () => {
  await database.$executeRaw`
    INSERT INTO orders (order_id, order_status, payment_status, order_date)
    SELECT gen_random_uuid(), 'shipped', 'success', ${minutesAgo(0)}::timestamptz AT TIME ZONE 'UTC' - n * interval '1 second'
    FROM generate_series(0, ${MAX_COUNTED_ORDERS}::int) n`;

  const { complete, from, total } = await readStatistics(database, '24h', NOW);

  expect({ complete, from, shipped: total.shipped }).toEqual({
    complete: false,
    from: new Date(NOW.getTime() - (MAX_COUNTED_ORDERS - 1) * 1_000),
    shipped: MAX_COUNTED_ORDERS,
  });
});
