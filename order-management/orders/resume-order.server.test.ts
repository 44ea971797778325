import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import pLimit from 'p-limit';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct, stockOf, whileHeld } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import { acceptOrder } from './accept-order';
import { findOrder } from './find-orders';
import { requestCancel } from './request-cancel';
import { resumeOrder } from './resume-order';
import { cancelOrder } from './settle-order';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('resume');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

async function accepted(productId: string, quantity: number): Promise<string> {
  const { customerId } = customer;
  const outcome = await acceptOrder(database, { customerId, lines: [{ productId, quantity }] }, 60_000);
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

test('returns the total of a placed order, and takes no more stock', async () => {
  const product = await aProduct(database, { price: '4.50' });
  const orderId = await accepted(product.productId, 3);

  await expect(resumeOrder(database, orderId)).resolves.toEqual({
    settled: null,
    totalAmount: '13.50',
    cancel: null,
  });
  expect(await stockOf(database, product)).toBe(7);
});

test('returns the total at the prices at which the order was accepted', async () => {
  const { productId } = await aProduct(database, { price: '4.50' });
  const orderId = await accepted(productId, 3);
  await database.product.update({ where: { productId }, data: { price: '99.00' } });

  await expect(resumeOrder(database, orderId)).resolves.toMatchObject({ totalAmount: '13.50' });
});

test('returns how a settled order ended', async () => {
  const { productId } = await aProduct(database);
  const orderId = await accepted(productId, 1);
  await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'No answer.' });

  await expect(resumeOrder(database, orderId)).resolves.toEqual({
    settled: {
      orderStatus: 'cancelled',
      paymentStatus: 'cancelled',
      paymentId: null,
      cancellation: { code: 'payment-timeout', reason: 'No answer.' },
    },
  });
});

test('treats an order that does not exist as cancelled', async () => {
  await expect(resumeOrder(database, randomUUID())).resolves.toMatchObject({
    settled: { orderStatus: 'cancelled', cancellation: { code: 'not-found' } },
  });
});

test('returns the cancel of an order whose customer has cancelled', async () => {
  const { productId } = await aProduct(database);
  const orderId = await accepted(productId, 1);
  await requestCancel(database, orderId);

  await expect(resumeOrder(database, orderId)).resolves.toMatchObject({
    settled: null,
    cancel: { code: 'customer-cancelled' },
  });
});

test('takes the stock and sets the prices of an order of the original once when it is resumed concurrently', async () => {
  const product = await aProduct(database, { price: '4.50', quantityAvailable: 10 });
  const orderId = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 2 }]);

  const resumed = await whileHeld(
    database,
    product,
    [1, 2, 3, 4].map(() => () => resumeOrder(database, orderId)),
  );

  expect(resumed).toEqual(resumed.map(() => ({ settled: null, totalAmount: '9.00', adopted: true, cancel: null })));
  expect(await stockOf(database, product)).toBe(8);
  await database.product.update({ where: { productId: product.productId }, data: { price: '99.00' } });
  expect(await findOrder(database, orderId)).toMatchObject({ lines: [{ price: '4.50' }] });
});

test('cancels an order of the original whose stock is too low, and takes no stock', async () => {
  const [plenty, scarce] = [await aProduct(database), await aProduct(database, { quantityAvailable: 1 })];
  const orderId = await anOriginalOrder(database, customer, [
    { productId: plenty.productId, quantity: 2 },
    { productId: scarce.productId, quantity: 2 },
  ]);

  await expect(resumeOrder(database, orderId)).resolves.toMatchObject({
    settled: null,
    cancel: {
      code: 'out-of-stock',
      reason: `Product ${scarce.productId} is short: 2 ordered, 1 left.`,
    },
  });
  expect([await stockOf(database, plenty), await stockOf(database, scarce)]).toEqual([10, 1]);
});

test('takes no stock for an order of the original whose customer has cancelled', async () => {
  const product = await aProduct(database);
  const orderId = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 2 }]);
  await requestCancel(database, orderId);

  await expect(resumeOrder(database, orderId)).resolves.toMatchObject({ cancel: { code: 'customer-cancelled' } });
  expect(await stockOf(database, product)).toBe(10);
});

test('cancels an order of the original that has no products', async () => {
  const orderId = await anOriginalOrder(database, customer, []);

  await expect(resumeOrder(database, orderId)).resolves.toEqual({
    settled: null,
    totalAmount: '0.00',
    adopted: true,
    cancel: { code: 'empty-order', reason: 'The order has no products.' },
  });
});

test('does not adopt an order of the original whose last units a concurrent new order takes', async () => {
  const product = await aProduct(database, { quantityAvailable: 2 });
  const line = { productId: product.productId, quantity: 2 };
  const original = await anOriginalOrder(database, customer, [line]);

  const [, resumed] = await whileHeld<unknown>(database, product, [
    () => accepted(line.productId, line.quantity),
    () => resumeOrder(database, original),
  ]);

  expect(resumed).toMatchObject({ cancel: { code: 'out-of-stock' } });
  expect(await stockOf(database, product)).toBe(0);
});

test('adopts concurrent orders of the same products whose lines are in opposite sequence', async () => {
  const [one, two] = [
    await aProduct(database, { quantityAvailable: 100 }),
    await aProduct(database, { quantityAvailable: 100 }),
  ];
  const ascending = [one, two].map(({ productId }) => ({ productId, quantity: 1 }));
  const orders: string[] = [];
  for (let i = 0; i < 40; i++)
    orders.push(await anOriginalOrder(database, customer, i % 2 ? ascending : ascending.toReversed()));

  // Without these joins PostgreSQL locks the products line by line, as it does if there are many products. A scan of all
  // products would lock them in the same sequence for every order.
  const plan = encodeURIComponent('-c enable_hashjoin=off -c enable_mergejoin=off');
  const planned = connectOrders(`${shop.ordersUrl}?options=${plan}`, { poolSize: 10 });
  try {
    const limit = pLimit(10); // the pool size, so that no transaction waits long for a connection
    await Promise.all(orders.map((orderId) => limit(() => resumeOrder(planned, orderId))));
  } finally {
    await planned.$disconnect();
  }

  expect([await stockOf(database, one), await stockOf(database, two)]).toEqual([60, 60]);
});
