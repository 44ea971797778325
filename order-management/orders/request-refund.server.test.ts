import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct, stockOf } from '../../test/shop';
import type { Product } from '../catalog/products';
import { acceptOrder } from './accept-order';
import { findOrder } from './find-orders';
import { findHistory } from './order-history';
import { recordRefund } from './record-refund';
import { deleteOrder } from './request-cancel';
import { requestRefund } from './request-refund';
import { cancelOrder, shipOrder } from './settle-order';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('refunds');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

async function aPlacedOrder(): Promise<{ orderId: string; product: Product }> {
  const { customerId } = await aCustomer(database);
  const product = await aProduct(database);
  const lines = [{ productId: product.productId, quantity: 2 }];
  const outcome = await acceptOrder(database, { customerId, lines }, 60_000);
  if (!outcome.accepted) throw new Error('not accepted');
  return { orderId: outcome.order.orderId, product };
}

async function aShippedOrder(): Promise<{ orderId: string; paymentId: string; product: Product }> {
  const { orderId, product } = await aPlacedOrder();
  const paymentId = randomUUID();
  await shipOrder(database, orderId, paymentId);
  return { orderId, paymentId, product };
}

const refundsDueOf = (orderId: string) =>
  database.refundDue.findMany({ where: { orderId }, select: { refundId: true, paymentId: true, reason: true } });

const statusesOf = async (orderId: string) => {
  const { orderStatus, paymentStatus } = await database.order.findUniqueOrThrow({ where: { orderId } });
  return [orderStatus, paymentStatus];
};

/** Returns the steps of an order that concern a refund, with their reasons. */
const refundStepsOf = async (orderId: string) =>
  ((await findHistory(database, orderId)) ?? [])
    .filter(({ step }) => step.startsWith('refund'))
    .map(({ step, reason }) => `${step}: ${reason}`);

describe('the request for a refund', () => {
  test('of a shipped order records the refund of its payment as due, and does not change the order yet', async () => {
    const { orderId, paymentId } = await aShippedOrder();

    await expect(requestRefund(database, orderId, 'damaged')).resolves.toEqual({
      outcome: 'due',
      refund: { orderId, paymentId, reason: 'damaged' },
      isRepeated: false,
    });
    expect(await refundsDueOf(orderId)).toEqual([{ refundId: paymentId, paymentId, reason: 'damaged' }]);
    expect(await statusesOf(orderId)).toEqual(['shipped', 'success']);
  });

  test('keeps the reason and time of the first request when repeated, also concurrently', async () => {
    const { orderId, paymentId } = await aShippedOrder();
    await requestRefund(database, orderId, 'damaged');
    const { notedAt } = await database.refundDue.findFirstOrThrow({ where: { orderId } });

    const repeated = await Promise.all([1, 2, 3].map(() => requestRefund(database, orderId, 'other')));

    expect(repeated).toEqual(
      repeated.map(() => ({ outcome: 'due', refund: { orderId, paymentId, reason: 'damaged' }, isRepeated: true })),
    );
    expect(await database.refundDue.findMany({ where: { orderId } })).toMatchObject([{ notedAt }]);
    expect(await refundStepsOf(orderId)).toEqual([`refund-due: payment ${paymentId}, requested by hand: damaged`]);
  });

  test('of an order whose payment was refunded changes nothing', async () => {
    const { orderId, paymentId } = await aShippedOrder();
    await requestRefund(database, orderId, 'damaged');
    await recordRefund(database, { orderId, paymentId }, paymentId);

    await expect(requestRefund(database, orderId, 'again')).resolves.toEqual({
      outcome: 'refunded',
      refundId: paymentId,
    });
    expect(await refundsDueOf(orderId)).toEqual([]);
  });

  test.each(['placed', 'cancelled'])('of a %s order is refused', async (orderStatus) => {
    const { orderId } = await aPlacedOrder();
    if (orderStatus === 'cancelled')
      await cancelOrder(database, orderId, { code: 'payment-declined', reason: 'no', paymentId: randomUUID() });

    await expect(requestRefund(database, orderId, '')).resolves.toMatchObject({ outcome: 'refused', orderStatus });
    expect(await refundsDueOf(orderId)).toEqual([]);
  });

  test.each([
    { paymentId: null },
    { paymentStatus: 'cancelled' }, // the original ships an order although its payment failed
    { orderStatus: 'complete', paymentId: null },
  ])('of an order of the original with %j is refused', async (data) => {
    const { orderId } = await aShippedOrder();
    await database.order.update({ where: { orderId }, data });

    await expect(requestRefund(database, orderId, '')).resolves.toMatchObject({ outcome: 'refused' });
    expect(await refundsDueOf(orderId)).toEqual([]);
  });

  test('of an order that does not exist or was deleted finds nothing', async () => {
    const { orderId } = await aShippedOrder();
    await deleteOrder(database, orderId);

    await expect(requestRefund(database, orderId, '')).resolves.toEqual({ outcome: 'not found' });
    await expect(requestRefund(database, randomUUID(), '')).resolves.toEqual({ outcome: 'not found' });
  });
});

describe('the record of a refund', () => {
  test('ends a shipped order with a refunded payment, and leaves its stock as it is', async () => {
    const { orderId, paymentId, product } = await aShippedOrder();
    await requestRefund(database, orderId, 'damaged');

    for (let i = 0; i < 2; i++) await recordRefund(database, { orderId, paymentId, reason: 'damaged' }, paymentId);

    await expect(findOrder(database, orderId)).resolves.toMatchObject({
      orderStatus: 'shipped',
      paymentStatus: 'refunded',
    });
    expect(await refundsDueOf(orderId)).toEqual([]);
    expect(await stockOf(database, product)).toBe(8);
  });

  test('of a payment that did not pay for the order leaves the order as it is', async () => {
    const { orderId } = await aShippedOrder();
    const second = randomUUID();

    await recordRefund(database, { orderId, paymentId: second }, second);

    expect(await statusesOf(orderId)).toEqual(['shipped', 'success']);
  });

  test('of a cancelled order leaves its payment status as it is', async () => {
    const { orderId } = await aPlacedOrder();
    await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'no answer' });

    await recordRefund(database, { orderId }, randomUUID());

    expect(await statusesOf(orderId)).toEqual(['cancelled', 'cancelled']);
    expect(await refundsDueOf(orderId)).toEqual([]);
  });

  test('adds a step to the history once, whichever refunds of the order report the payment', async () => {
    const { orderId } = await aPlacedOrder();
    await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'no answer' });
    const paymentId = randomUUID();

    await Promise.all([{ orderId }, { orderId, paymentId }].map((refund) => recordRefund(database, refund, paymentId)));

    expect(await refundStepsOf(orderId)).toEqual([`refunded: payment ${paymentId}`]);
  });

  test('adds no step to the history if nothing was charged', async () => {
    const { orderId } = await aPlacedOrder();
    await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'no answer' });

    await recordRefund(database, { orderId }, null);

    expect(await refundStepsOf(orderId)).toEqual([]);
    expect(await refundsDueOf(orderId)).toEqual([]);
  });

  test('is not undone by a step of the saga that is repeated', async () => {
    const { orderId, paymentId } = await aShippedOrder();
    await recordRefund(database, { orderId, paymentId }, paymentId);

    const { changed, settlement } = await shipOrder(database, orderId, paymentId);

    expect(changed).toBe(false);
    expect(settlement).toMatchObject({ orderStatus: 'shipped', paymentStatus: 'refunded', paymentId });
    expect(await statusesOf(orderId)).toEqual(['shipped', 'refunded']);
  });
});
