import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import type { Cancellation, Settlement } from '@shop/workflows/contract';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct, stockOf } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { restockProduct } from '../catalog/restock-product';
import { MAX_STOCK } from '../catalog/stock';
import { acceptOrder } from './accept-order';
import { requestCancel } from './request-cancel';
import { resumeOrder } from './resume-order';
import { cancelOrder, CUSTOMER_CANCELLED, shipOrder } from './settle-order';

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

/** Accepts an order of 2 mugs and 3 pans. Returns its id. */
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

const UNANSWERED: Cancellation = { code: 'payment-timeout', reason: 'No answer.' };
const DECLINED: Cancellation = { code: 'payment-declined', reason: 'total amount over $1000' };
const shippedBy = (paymentId: string) => ({
  orderStatus: 'shipped',
  paymentStatus: 'success',
  paymentId,
  cancellation: null,
});
const CANCELLED = { orderStatus: 'cancelled', paymentStatus: 'cancelled', paymentId: null, cancellation: UNANSWERED };

/** These settle an order and return how it ended. */
const ship = async (...order: [orderId: string, paymentId: string]): Promise<Settlement> =>
  (await shipOrder(database, ...order)).settlement;
const cancel = async (orderId: string, why: Cancellation & { paymentId?: string }): Promise<Settlement> =>
  (await cancelOrder(database, orderId, why)).settlement;

test('ships a paid order and keeps its stock', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await expect(ship(orderId, paymentId)).resolves.toEqual(shippedBy(paymentId));
  expect(await stock()).toEqual([98, 97]);
});

test('cancels a declined order and releases the stock of all its lines', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await expect(cancel(orderId, { ...DECLINED, paymentId })).resolves.toEqual({
    orderStatus: 'cancelled',
    paymentStatus: 'failed',
    paymentId,
    cancellation: DECLINED,
  });
  expect(await stock()).toEqual([100, 100]);
});

test('records that a refund may be due, unless the payment was declined', async () => {
  const [unpaid, customerCancelled, declined, shipped] = [
    await accepted(),
    await accepted(),
    await accepted(),
    await accepted(),
  ];
  await requestCancel(database, customerCancelled);

  await cancelOrder(database, unpaid, UNANSWERED);
  await cancelOrder(database, unpaid, UNANSWERED);
  await shipOrder(database, customerCancelled, randomUUID());
  await cancel(declined, { ...DECLINED, paymentId: randomUUID() });
  await shipOrder(database, shipped, randomUUID());

  const recorded = await database.refundDue.findMany({
    where: { orderId: { in: [unpaid, customerCancelled, declined, shipped] } },
  });
  expect(recorded.map(({ refundId, orderId, paymentId }) => ({ refundId, orderId, paymentId }))).toEqual(
    expect.arrayContaining([unpaid, customerCancelled].map((id) => ({ refundId: id, orderId: id, paymentId: null }))),
  );
  expect(recorded).toHaveLength(2);
});

test('changes nothing when a call is repeated or contradicts an earlier one', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];
  await shipOrder(database, orderId, paymentId);

  await expect(ship(orderId, paymentId)).resolves.toEqual(shippedBy(paymentId));
  await expect(ship(orderId, randomUUID())).resolves.toEqual(shippedBy(paymentId));
  await expect(cancel(orderId, UNANSWERED)).resolves.toEqual(shippedBy(paymentId));
  expect(await stock()).toEqual([98, 97]);
});

test('releases the stock once when ten calls cancel concurrently', async () => {
  const orderId = await accepted();

  const settlements = await Promise.all(Array.from({ length: 10 }, () => cancel(orderId, UNANSWERED)));

  expect(settlements).toEqual(Array.from({ length: 10 }, () => CANCELLED));
  expect(await stock()).toEqual([100, 100]);
});

test('cancels an order whose product was restocked to the maximum meanwhile', async () => {
  const orderId = await accepted();
  const { productId } = mug;
  await restockProduct(database, { productId, quantity: MAX_STOCK - 98, key: null });

  await expect(cancel(orderId, UNANSWERED)).resolves.toEqual(CANCELLED);
  expect(await stock()).toEqual([MAX_STOCK, 100]);
});

test('settles the order once when shipping and cancelling race', async () => {
  const paymentId = randomUUID();
  for (let round = 0; round < 10; round++) {
    const [orderId, [mugs = 0, pans = 0]] = [await accepted(), await stock()];

    const [shipping, cancelling] = await Promise.all([ship(orderId, paymentId), cancel(orderId, UNANSWERED)]);

    expect(shipping).toEqual(cancelling);
    const released = shipping.orderStatus === 'cancelled';
    expect(await stock()).toEqual(released ? [mugs + 2, pans + 3] : [mugs, pans]);
  }
});

test('does not ship an order whose cancel was accepted in a race', async () => {
  for (let round = 0; round < 10; round++) {
    const orderId = await accepted();

    const [statusAtCancel, shipping] = await Promise.all([
      requestCancel(database, orderId),
      ship(orderId, randomUUID()),
    ]);

    expect(shipping.orderStatus).toBe(statusAtCancel === 'placed' ? 'cancelled' : 'shipped');
  }
});

test('cancels concurrent orders of the same products while others are accepted', async () => {
  const orders = await Promise.all(Array.from({ length: 20 }, accepted));

  await Promise.all(orders.flatMap((orderId) => [cancelOrder(database, orderId, UNANSWERED), accepted()]));

  expect(await stock()).toEqual([100 - 20 * 2, 100 - 20 * 3]);
});

test('cancels concurrent orders of the same products whose lines are in opposite sequence', async () => {
  const ascending = [mug, pan].map(({ productId }) => ({ productId, quantity: 1 }));
  const orders: string[] = [];
  for (let i = 0; i < 40; i++)
    orders.push(await anOriginalOrder(database, customer, i % 2 ? ascending : ascending.toReversed()));
  for (const orderId of orders) await resumeOrder(database, orderId); // takes the stock
  expect(await stock()).toEqual([60, 60]);

  await Promise.all(orders.map((orderId) => cancel(orderId, UNANSWERED)));

  expect(await stock()).toEqual([100, 100]);
});

test('cancels instead of ships an order whose customer has cancelled', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];
  await requestCancel(database, orderId);

  await expect(ship(orderId, paymentId)).resolves.toEqual({
    ...CANCELLED,
    paymentId,
    cancellation: CUSTOMER_CANCELLED,
  });
  expect(await stock()).toEqual([100, 100]);
});

test('cancels instead of ships an order for which no stock was taken', async () => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);
  const paymentId = randomUUID();

  await expect(ship(orderId, paymentId)).resolves.toMatchObject({
    orderStatus: 'cancelled',
    paymentId,
    cancellation: { code: 'out-of-stock' },
  });
  expect(await stock()).toEqual([100, 100]);
});

test('releases no stock for an order of the original, for which no stock was taken', async () => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);

  await expect(cancel(orderId, UNANSWERED)).resolves.toEqual(CANCELLED);
  expect(await stock()).toEqual([100, 100]);
});

test.each([
  ['complete', 'success', { orderStatus: 'shipped', paymentStatus: 'success', paymentId: null, cancellation: null }],
  ['failed', 'failed', { orderStatus: 'cancelled', paymentStatus: 'failed', paymentId: null, cancellation: null }],
])('does not change an order of the original that is %s', async (orderStatus, paymentStatus, ended) => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);
  await database.order.update({ where: { orderId }, data: { orderStatus, paymentStatus } });

  await expect(ship(orderId, randomUUID())).resolves.toEqual(ended);
  await expect(cancel(orderId, UNANSWERED)).resolves.toEqual(ended);
});

test('reports only in the first call that it settled the order', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await expect(shipOrder(database, orderId, paymentId)).resolves.toMatchObject({ changed: true });
  await expect(shipOrder(database, orderId, paymentId)).resolves.toMatchObject({ changed: false });
});

test('treats an order that does not exist as cancelled', async () => {
  await expect(ship(randomUUID(), randomUUID())).resolves.toMatchObject({
    orderStatus: 'cancelled',
    cancellation: { code: 'not-found' },
  });
});
