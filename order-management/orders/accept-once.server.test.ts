import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct, stockOf, whileHeld } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { acceptOnce } from './accept-once';
import { BacklogFullError, type Backlog } from './backlog';
import { fingerprintOf, deleteExpiredKeys } from './order-key';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;
let mug: Product;

beforeAll(async () => {
  shop = await createShopDatabase('accept_once');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  customer = await aCustomer(database);
  mug = await aProduct(database, { quantityAvailable: 10 });
});

const UNLIMITED: Pick<Backlog, 'admit'> = { admit: (accept) => accept() };
const order = (key: string | null, quantity = 1, backlog: Pick<Backlog, 'admit'> = UNLIMITED) => {
  const request = { customerId: customer.customerId, lines: [{ productId: mug.productId, quantity }] };
  return acceptOnce(
    { database, backlog, examineAfterMs: 60_000 },
    request,
    key === null ? null : { key, fingerprint: fingerprintOf(request) },
  );
};
const orderIdIn = (outcome: Awaited<ReturnType<typeof order>>): string | undefined =>
  'orderId' in outcome ? outcome.orderId : outcome.accepted ? outcome.order.orderId : undefined;
const age = (key: string, hours: number) =>
  database.$executeRaw`UPDATE idempotency_keys SET created_at = now() - ${hours} * interval '1 hour' WHERE key = ${key}`;

test('places one order per key when the request is repeated', async () => {
  const first = await order('twice');

  await expect(order('twice')).resolves.toEqual({ orderId: orderIdIn(first), sameRequest: true });

  expect(await stockOf(database, mug)).toBe(9);
});

test('reports that a key belongs to a different order', async () => {
  const first = await order('other', 1);

  await expect(order('other', 2)).resolves.toEqual({ orderId: orderIdIn(first), sameRequest: false });

  expect(await stockOf(database, mug)).toBe(9);
});

test('places one order for eight concurrent requests with the same key', async () => {
  const outcomes = await whileHeld(
    database,
    mug,
    Array.from({ length: 8 }, () => () => order('concurrent')),
  );

  expect(new Set(outcomes.map(orderIdIn)).size).toBe(1);
  expect(await stockOf(database, mug)).toBe(9);
});

test('answers two concurrent requests with the same order when the first takes the last unit', async () => {
  const last = await aProduct(database, { quantityAvailable: 1 });
  mug = last;
  const outcomes = await whileHeld(database, last, [() => order('last unit'), () => order('last unit')]);

  const [first, second] = outcomes.map(orderIdIn);
  expect(first).toBeDefined();
  expect(second).toBe(first);
});

test('stores no key for a refused order', async () => {
  await expect(order('too many', 11)).resolves.toMatchObject({ accepted: false });
  await expect(order('too many', 10)).resolves.toMatchObject({ accepted: true });
});

test('places separate orders for requests without a key', async () => {
  expect(orderIdIn(await order(null))).not.toBe(orderIdIn(await order(null)));
});

test('finds the order of a key while a full backlog refuses new orders', async () => {
  const full = {
    admit: async () => {
      throw new BacklogFullError('full');
    },
  };
  const first = await order('existing');

  await expect(order('existing', 1, full)).resolves.toMatchObject({ orderId: orderIdIn(first) });
  await expect(order('new', 1, full)).rejects.toThrow(BacklogFullError);
  await expect(order(null, 1, full)).rejects.toThrow(BacklogFullError);
  expect(await stockOf(database, mug)).toBe(9);
});

test('keeps a key for 24 hours', async () => {
  const first = await order('a day');
  await age('a day', 23.9);
  await expect(order('a day')).resolves.toMatchObject({ orderId: orderIdIn(first) });

  await age('a day', 24.1);

  await expect(order('a day')).resolves.toMatchObject({ accepted: true });
});

test('deletes expired keys only', async () => {
  await order('expired');
  await age('expired', 24.1);
  await order('current');
  await age('current', 23.9);

  await deleteExpiredKeys(database);

  const keys = await database.idempotencyKey.findMany({ where: { key: { in: ['expired', 'current'] } } });
  expect(keys.map(({ key }) => key)).toEqual(['current']);
});

test('computes the fingerprint from the customer and the products, not from the sequence of the lines', () => {
  const lines = [
    { productId: 'a', quantity: 1 },
    { productId: 'b', quantity: 2 },
  ];
  const customerId = 'c';
  expect(fingerprintOf({ customerId, lines })).toBe(fingerprintOf({ customerId, lines: lines.toReversed() }));
  expect(fingerprintOf({ customerId, lines })).not.toBe(fingerprintOf({ customerId: 'd', lines }));
  expect(fingerprintOf({ customerId, lines })).not.toBe(fingerprintOf({ customerId, lines: lines.slice(1) }));
});
