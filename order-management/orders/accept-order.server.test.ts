import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct, stockOf } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import { acceptOrder, type OrderRequest } from './accept-order';
import { findOrder } from './find-orders';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('accept');
  // Not UTC, because a database of the original may use another time zone. Dates must not depend on it.
  const zone = encodeURIComponent('-c timezone=America/New_York');
  database = connectOrders(`${shop.ordersUrl}?options=${zone}`, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

const accept = (lines: OrderRequest['lines'], customerId = customer.customerId) =>
  acceptOrder(database, { customerId, lines }, 60_000);

const ordersOf = ({ productId }: { productId: string }): Promise<number> =>
  database.orderLine.count({ where: { productId } });

test('accepts an order at the current prices of its products, and takes their stock', async () => {
  const mug = await aProduct(database, { price: '4.99', quantityAvailable: 10 });
  const pan = await aProduct(database, { name: 'Pan', price: '0.01', quantityAvailable: 3 });

  const outcome = await accept([
    { productId: mug.productId, quantity: 3 },
    { productId: pan.productId, quantity: 3 },
  ]);

  if (!outcome.accepted) throw new Error('not accepted');
  expect(outcome.totalAmount).toBe('15.00');
  expect(outcome.order).toMatchObject({ orderStatus: 'placed', paymentStatus: 'pending' });
  expect(Math.abs(Date.now() - Number(outcome.order.orderDate))).toBeLessThan(60_000);
  expect([await stockOf(database, mug), await stockOf(database, pan)]).toEqual([7, 0]);
  const stored = await findOrder(database, outcome.order.orderId);
  expect({ ...stored, lines: new Set(stored?.lines) }).toEqual({
    ...outcome.order,
    lines: new Set(outcome.order.lines),
  });
});

test('computes amounts exactly that a floating-point number cannot represent', async () => {
  const product = await aProduct(database, { price: '99999999.99', quantityAvailable: 10_000_000 });

  const outcome = await accept([{ productId: product.productId, quantity: 9_999_999 }]);

  expect(outcome).toMatchObject({ accepted: true, totalAmount: '999999899900000.01' });
});

test('refuses an order whose total exceeds the maximum amount of a payment request', async () => {
  const product = await aProduct(database, { price: '99999999.99', quantityAvailable: 20_000_000 });

  const outcome = await accept([{ productId: product.productId, quantity: 10_000_001 }]);

  expect(outcome).toEqual({ accepted: false, why: 'amount too large', totalAmount: '1000000099899999.99' });
  expect(await stockOf(database, product)).toBe(20_000_000);
  expect(await ordersOf(product)).toBe(0);
});

test('keeps the price of an order when the price of its product rises', async () => {
  const product = await aProduct(database, { price: '5.00' });
  const outcome = await accept([{ productId: product.productId, quantity: 1 }]);
  await database.product.update({ where: { productId: product.productId }, data: { price: '7.00' } });

  const stored = outcome.accepted && (await findOrder(database, outcome.order.orderId));

  expect(stored).toMatchObject({ lines: [{ price: '5.00' }] });
});

test('writes nothing when the stock of one line is too low, and reports that line', async () => {
  const inStock = await aProduct(database, { quantityAvailable: 10 });
  const scarce = await aProduct(database, { quantityAvailable: 1 });

  const outcome = await accept([
    { productId: inStock.productId, quantity: 2 },
    { productId: scarce.productId, quantity: 3 },
  ]);

  expect(outcome).toEqual({
    accepted: false,
    why: 'short',
    shortages: [{ productId: scarce.productId, ordered: 3, available: 1 }],
  });
  expect([await stockOf(database, inStock), await stockOf(database, scarce)]).toEqual([10, 1]);
  expect([await ordersOf(inStock), await ordersOf(scarce)]).toEqual([0, 0]);
});

test('writes nothing for a product or a customer that does not exist', async () => {
  const product = await aProduct(database);
  const unknown = randomUUID();

  await expect(
    accept([
      { productId: product.productId, quantity: 1 },
      { productId: unknown, quantity: 1 },
    ]),
  ).resolves.toEqual({
    accepted: false,
    why: 'short',
    shortages: [{ productId: unknown, ordered: 1, available: null }],
  });
  await expect(accept([{ productId: product.productId, quantity: 1 }], randomUUID())).resolves.toEqual({
    accepted: false,
    why: 'unknown customer',
  });
  expect(await stockOf(database, product)).toBe(10);
  expect(await ordersOf(product)).toBe(0);
});

test('accepts concurrent orders of the same products whose lines are in opposite sequence', async () => {
  const [one, two] = [
    await aProduct(database, { quantityAvailable: 100 }),
    await aProduct(database, { quantityAvailable: 100 }),
  ];
  const ascending = [one, two].map(({ productId }) => ({ productId, quantity: 1 }));

  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, i) => accept(i % 2 ? ascending : ascending.toReversed())),
  );

  expect(outcomes.filter(({ accepted }) => accepted)).toHaveLength(60);
  expect([await stockOf(database, one), await stockOf(database, two)]).toEqual([40, 40]);
});

test('sells the last unit to one of a hundred concurrent customers', async () => {
  const product = await aProduct(database, { quantityAvailable: 1 });

  const outcomes = await Promise.all(
    Array.from({ length: 100 }, () => accept([{ productId: product.productId, quantity: 1 }])),
  );

  expect(outcomes.filter(({ accepted }) => accepted)).toHaveLength(1);
  const shortages = [{ productId: product.productId, ordered: 1, available: 0 }];
  for (const outcome of outcomes)
    if (!outcome.accepted) expect(outcome).toEqual({ accepted: false, why: 'short', shortages });
  expect(await stockOf(database, product)).toBe(0);
  expect(await ordersOf(product)).toBe(1);
});

test('sells each of the last three units once to twenty concurrent customers', async () => {
  const product = await aProduct(database, { quantityAvailable: 3 });

  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => accept([{ productId: product.productId, quantity: 1 }])),
  );

  expect(outcomes.filter(({ accepted }) => accepted)).toHaveLength(3);
  expect(await stockOf(database, product)).toBe(0);
  expect(await ordersOf(product)).toBe(3);
});
