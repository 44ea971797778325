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

const OPEN: Pick<Backlog, 'admit'> = { admit: (accept) => accept() };
const order = (key: string | null, quantity = 1, backlog: Pick<Backlog, 'admit'> = OPEN) => {
  const wanted = { customerId: customer.customerId, lines: [{ productId: mug.productId, quantity }] };
  return acceptOnce(
    { database, backlog, examineAfterMs: 60_000 },
    wanted,
    key === null ? null : { key, fingerprint: fingerprintOf(wanted) },
  );
};
const orderIdIn = (outcome: Awaited<ReturnType<typeof order>>): string | undefined =>
  'orderId' in outcome ? outcome.orderId : outcome.accepted ? outcome.order.orderId : undefined;
const age = (key: string, hours: number) =>
  database.$executeRaw`UPDATE idempotency_keys SET created_at = now() - ${hours} * interval '1 hour' WHERE key = ${key}`;

test('places one order for a key, however often it is sent', async () => {
  const first = await order('twice');

  await expect(order('twice')).resolves.toEqual({ orderId: orderIdIn(first), sameRequest: true });

  expect(await stockOf(database, mug)).toBe(9);
});

test('tells another order under the same key', async () => {
  const first = await order('other', 1);

  await expect(order('other', 2)).resolves.toEqual({ orderId: orderIdIn(first), sameRequest: false });

  expect(await stockOf(database, mug)).toBe(9);
});

test('places one order for a key that comes eight times at once', async () => {
  const outcomes = await whileHeld(
    database,
    mug,
    Array.from({ length: 8 }, () => () => order('at once')),
  );

  expect(new Set(outcomes.map(orderIdIn)).size).toBe(1);
  expect(await stockOf(database, mug)).toBe(9);
});

test('answers both twins with the order, should the first have taken the last piece', async () => {
  const last = await aProduct(database, { quantityAvailable: 1 });
  mug = last;
  const outcomes = await whileHeld(database, last, [() => order('last piece'), () => order('last piece')]);

  const [first, second] = outcomes.map(orderIdIn);
  expect(first).toBeDefined();
  expect(second).toBe(first);
});

test('keeps no key of an order that was refused', async () => {
  await expect(order('too many', 11)).resolves.toMatchObject({ accepted: false });
  await expect(order('too many', 10)).resolves.toMatchObject({ accepted: true });
});

test('orders without a key are orders of their own', async () => {
  expect(orderIdIn(await order(null))).not.toBe(orderIdIn(await order(null)));
});

test('admits no new order to a full backlog, and still finds the order of a key', async () => {
  const full = {
    admit: async () => {
      throw new BacklogFullError('full');
    },
  };
  const first = await order('before');

  await expect(order('before', 1, full)).resolves.toMatchObject({ orderId: orderIdIn(first) });
  await expect(order('after', 1, full)).rejects.toThrow(BacklogFullError);
  await expect(order(null, 1, full)).rejects.toThrow(BacklogFullError);
  expect(await stockOf(database, mug)).toBe(9);
});

test('remembers a key for a day', async () => {
  const first = await order('a day');
  await age('a day', 23.9);
  await expect(order('a day')).resolves.toMatchObject({ orderId: orderIdIn(first) });

  await age('a day', 24.1);

  await expect(order('a day')).resolves.toMatchObject({ accepted: true });
});

test('forgets expired keys, and no others', async () => {
  await order('old');
  await age('old', 24.1);
  await order('young');
  await age('young', 23.9);

  await deleteExpiredKeys(database);

  const keys = await database.idempotencyKey.findMany({ where: { key: { in: ['old', 'young'] } } });
  expect(keys.map(({ key }) => key)).toEqual(['young']);
});

test('tells orders apart by what they order, not by the order of their lines', () => {
  const lines = [
    { productId: 'a', quantity: 1 },
    { productId: 'b', quantity: 2 },
  ];
  const customerId = 'c';
  expect(fingerprintOf({ customerId, lines })).toBe(fingerprintOf({ customerId, lines: lines.toReversed() }));
  expect(fingerprintOf({ customerId, lines })).not.toBe(fingerprintOf({ customerId: 'd', lines }));
  expect(fingerprintOf({ customerId, lines })).not.toBe(fingerprintOf({ customerId, lines: lines.slice(1) }));
});
