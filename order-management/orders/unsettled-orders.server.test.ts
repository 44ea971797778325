import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { acceptOrder } from './accept-order';
import { deleteOrder } from './request-cancel';
import { cancelOrder, shipOrder } from './settle-order';
import { claimUnsettledOrders, countOriginalOrders, readOrderState, type Adoptable } from './unsettled-orders';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;
let product: Product;

beforeAll(async () => {
  shop = await createShopDatabase('unsettled');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  await database.order.deleteMany(); // a claim returns every order that is due
  product = await aProduct(database, { price: '4.50', quantityAvailable: 100 });
});

async function accepted({ examineAfterMs = 0, quantity = 1 } = {}): Promise<string> {
  const lines = [{ productId: product.productId, quantity }];
  const outcome = await acceptOrder(database, { customerId: customer.customerId, lines }, examineAfterMs);
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

const claim = (limit = 100, examineAgainMs = 60_000, adopt: Adoptable = 'all'): Promise<string[]> =>
  claimUnsettledOrders(database, { limit, examineAgainMs, adopt });

test('claims an order only when it is due', async () => {
  const due = await accepted({ examineAfterMs: 0 });
  await accepted({ examineAfterMs: 60_000 });

  await expect(claim()).resolves.toEqual([due]);
});

test('claims an order again only when it is due again', async () => {
  const orderId = await accepted();

  await expect(claim(100, 0)).resolves.toEqual([orderId]);
  await expect(claim(100, 60_000)).resolves.toEqual([orderId]);
  await expect(claim()).resolves.toEqual([]);
});

const original = async (data: object = {}): Promise<string> => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 1 }]);
  await database.order.update({ where: { orderId }, data: { examineAfter: new Date(0), ...data } });
  return orderId;
};

describe('of the orders of the original', () => {
  test.each<[Adoptable, string[]]>([
    ['none', ['own', 'paid', 'cancelled']],
    ['released', ['own', 'paid', 'cancelled', 'released']],
    ['all', ['own', 'paid', 'cancelled', 'released', 'held']],
  ])('claims those that may be adopted (%s), and those that need no payment request', async (adopt, expected) => {
    const orders: Record<string, string> = {
      own: await accepted(),
      held: await original(),
      released: await original({ releasedAt: new Date() }),
      paid: await original({ paymentId: randomUUID() }),
      cancelled: await original({ cancelRequestedAt: new Date() }),
    };

    expect((await claim(100, 60_000, adopt)).toSorted()).toEqual(expected.map((name) => orders[name]).toSorted());
  });

  test('counts those that wait', async () => {
    await accepted();
    for (const data of [{}, {}, { releasedAt: new Date() }]) await original(data);

    await expect(countOriginalOrders(database)).resolves.toEqual({ held: 2, released: 1 });
  });
});

test('claims no settled order', async () => {
  await shipOrder(database, await accepted(), randomUUID());
  await cancelOrder(database, await accepted(), { code: 'payment-timeout', reason: 'No answer.' });

  await expect(claim()).resolves.toEqual([]);
});

test('claims the orders that have waited longest first, up to the limit', async () => {
  const orders = [await accepted(), await accepted(), await accepted()];
  for (const [minutes, orderId] of orders.entries()) {
    const examineAfter = new Date(Date.now() - (minutes + 1) * 60_000);
    await database.order.update({ where: { orderId }, data: { examineAfter } });
  }

  await expect(claim(2)).resolves.toHaveLength(2);
  await expect(claim(2)).resolves.toEqual([orders[0]]); // the order that has waited for the shortest time
});

test('claims each order for one of several concurrent sweepers', async () => {
  const orders = await Promise.all(Array.from({ length: 30 }, () => accepted()));

  const claims = await Promise.all(Array.from({ length: 8 }, () => claim(5)));

  expect(new Set(claims.flat()).size).toBe(claims.flat().length);
  expect([...claims.flat(), ...(await claim())].toSorted()).toEqual(orders.toSorted());
});

test('skips orders that another transaction has locked', async () => {
  const [locked, free] = [await accepted(), await accepted()];

  await database.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT FROM orders WHERE order_id = ${locked}::uuid FOR UPDATE`;
    await expect(claim()).resolves.toEqual([free]);
  });
});

test('reads the state of an order, with the price at which it was accepted', async () => {
  const orderId = await accepted({ quantity: 3 });
  await database.product.update({ where: { productId: product.productId }, data: { price: '99.00' } });
  const placed = { orderId, customerId: customer.customerId, orderStatus: 'placed', totalAmount: '13.50' };

  await expect(readOrderState(database, orderId)).resolves.toEqual({
    ...placed,
    paymentId: null,
    cancelRequested: false,
  });
  const paymentId = randomUUID();
  await shipOrder(database, orderId, paymentId);
  await deleteOrder(database, orderId);
  await expect(readOrderState(database, orderId)).resolves.toEqual({
    ...placed,
    orderStatus: 'shipped',
    paymentId,
    cancelRequested: false,
  });
});

test('reads an order of the original at the current prices', async () => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 2 }]);

  await expect(readOrderState(database, orderId)).resolves.toMatchObject({ totalAmount: '9.00' });
});

test('an order of the original without a customer has the customer id that the original sends', async () => {
  const orderId = await original({ customerId: null });

  await expect(readOrderState(database, orderId)).resolves.toMatchObject({
    customerId: '00000000-0000-0000-0000-000000000000',
  });
});

test('returns null for an order that does not exist', async () => {
  await expect(readOrderState(database, randomUUID())).resolves.toBeNull();
});
