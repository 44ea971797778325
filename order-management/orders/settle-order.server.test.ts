import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import type { Cancellation } from '@shop/workflows/contract';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct, stockOf } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { acceptOrder } from './accept-order';
import { requestCancel } from './request-cancel';
import { resumeOrder } from './resume-order';
import { cancelOrder, shipOrder } from './settle-order';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;
let mug: Product;
let pan: Product;

beforeAll(async () => {
  shop = await createShopDatabase('settle');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  [mug, pan] = [
    await aProduct(database, { quantityAvailable: 100 }),
    await aProduct(database, { quantityAvailable: 100 }),
  ];
});

/** An accepted order of 2 mugs and 3 pans. */
async function accepted(): Promise<string> {
  const lines = [
    { productId: mug.productId, quantity: 2 },
    { productId: pan.productId, quantity: 3 },
  ];
  const outcome = await acceptOrder(database, { customerId: customer.customerId, lines }, 60_000);
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

const stock = async (): Promise<number[]> => [await stockOf(database, mug), await stockOf(database, pan)];

const NOT_PAID: Cancellation = { paymentStatus: 'cancelled', reason: 'no answer' };
const shippedBy = (paymentId: string) => ({ orderStatus: 'shipped', paymentStatus: 'success', paymentId });
const CANCELLED = { orderStatus: 'cancelled', paymentStatus: 'cancelled', paymentId: null };

test('ships a paid order, its stock sold', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await expect(shipOrder(database, orderId, paymentId)).resolves.toEqual(shippedBy(paymentId));
  expect(await stock()).toEqual([98, 97]);
});

test('cancels a declined order, and gives the stock of all its lines back', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await expect(cancelOrder(database, orderId, { paymentStatus: 'failed', paymentId })).resolves.toEqual({
    orderStatus: 'cancelled',
    paymentStatus: 'failed',
    paymentId,
  });
  expect(await stock()).toEqual([100, 100]);
});

test('notes that a payment may have to go back, unless it was declined', async () => {
  const [unpaid, beaten, declined, shipped] = [await accepted(), await accepted(), await accepted(), await accepted()];
  await requestCancel(database, beaten);

  await cancelOrder(database, unpaid, NOT_PAID);
  await cancelOrder(database, unpaid, NOT_PAID);
  await shipOrder(database, beaten, randomUUID());
  await cancelOrder(database, declined, { paymentStatus: 'failed', paymentId: randomUUID() });
  await shipOrder(database, shipped, randomUUID());

  const noted = await database.refundDue.findMany({ where: { orderId: { in: [unpaid, beaten, declined, shipped] } } });
  expect(noted.map(({ refundId, orderId, paymentId }) => ({ refundId, orderId, paymentId }))).toEqual(
    expect.arrayContaining([unpaid, beaten].map((id) => ({ refundId: id, orderId: id, paymentId: null }))),
  );
  expect(noted).toHaveLength(2);
});

test('changes nothing the second time, nor when contradicted', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];
  await shipOrder(database, orderId, paymentId);

  await expect(shipOrder(database, orderId, paymentId)).resolves.toEqual(shippedBy(paymentId));
  await expect(shipOrder(database, orderId, randomUUID())).resolves.toEqual(shippedBy(paymentId));
  await expect(cancelOrder(database, orderId, NOT_PAID)).resolves.toEqual(shippedBy(paymentId));
  expect(await stock()).toEqual([98, 97]);
});

test('gives stock back once, however often and at once it is asked to', async () => {
  const orderId = await accepted();

  const settlements = await Promise.all(Array.from({ length: 10 }, () => cancelOrder(database, orderId, NOT_PAID)));

  expect(settlements).toEqual(Array.from({ length: 10 }, () => CANCELLED));
  expect(await stock()).toEqual([100, 100]);
});

test('settles once where shipping and cancelling race', async () => {
  const paymentId = randomUUID();
  for (let round = 0; round < 10; round++) {
    const [orderId, [mugs = 0, pans = 0]] = [await accepted(), await stock()];

    const [shipping, cancelling] = await Promise.all([
      shipOrder(database, orderId, paymentId),
      cancelOrder(database, orderId, NOT_PAID),
    ]);

    expect(shipping).toEqual(cancelling);
    const given = shipping.orderStatus === 'cancelled';
    expect(await stock()).toEqual(given ? [mugs + 2, pans + 3] : [mugs, pans]);
  }
});

test('keeps its word to a customer whose cancel races with the shipping', async () => {
  for (let round = 0; round < 10; round++) {
    const orderId = await accepted();

    const [before, shipping] = await Promise.all([
      requestCancel(database, orderId),
      shipOrder(database, orderId, randomUUID()),
    ]);

    expect(shipping.orderStatus).toBe(before === 'placed' ? 'cancelled' : 'shipped');
  }
});

test('cancels overlapping orders all at once, while others are accepted', async () => {
  const orders = await Promise.all(Array.from({ length: 20 }, accepted));

  await Promise.all(orders.flatMap((orderId) => [cancelOrder(database, orderId, NOT_PAID), accepted()]));

  expect(await stock()).toEqual([100 - 20 * 2, 100 - 20 * 3]);
});

test('cancels overlapping orders whose lines stand in opposite order, all at once', async () => {
  const forth = [mug, pan].map(({ productId }) => ({ productId, quantity: 1 }));
  const orders: string[] = [];
  for (let i = 0; i < 40; i++)
    orders.push(await anOriginalOrder(database, customer, i % 2 ? forth : forth.toReversed()));
  for (const orderId of orders) await resumeOrder(database, orderId); // takes their stock
  expect(await stock()).toEqual([60, 60]);

  await Promise.all(orders.map((orderId) => cancelOrder(database, orderId, NOT_PAID)));

  expect(await stock()).toEqual([100, 100]);
});

test('does not ship an order that its customer has cancelled: it ends cancelled, its stock back', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];
  await requestCancel(database, orderId);

  await expect(shipOrder(database, orderId, paymentId)).resolves.toEqual({ ...CANCELLED, paymentId });
  expect(await stock()).toEqual([100, 100]);
});

test('does not ship an order without stock, as the original left some: it ends cancelled, its payment noted', async () => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);
  const paymentId = randomUUID();

  await expect(shipOrder(database, orderId, paymentId)).resolves.toEqual({ ...CANCELLED, paymentId });
  expect(await stock()).toEqual([100, 100]);
});

test('gives no stock back for an order of the original, which took none', async () => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);

  await expect(cancelOrder(database, orderId, NOT_PAID)).resolves.toEqual(CANCELLED);
  expect(await stock()).toEqual([100, 100]);
});

test.each([
  ['complete', 'success', { orderStatus: 'shipped', paymentStatus: 'success', paymentId: null }],
  ['failed', 'failed', { orderStatus: 'cancelled', paymentStatus: 'failed', paymentId: null }],
])('leaves an order of the original that is %s as it is', async (orderStatus, paymentStatus, ended) => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);
  await database.order.update({ where: { orderId }, data: { orderStatus, paymentStatus } });

  await expect(shipOrder(database, orderId, randomUUID())).resolves.toEqual(ended);
  await expect(cancelOrder(database, orderId, NOT_PAID)).resolves.toEqual(ended);
});

test('treats an order that is not there as cancelled', async () => {
  await expect(shipOrder(database, randomUUID(), randomUUID())).resolves.toEqual(CANCELLED);
});
