import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct, whileHeld } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { acceptOrder } from '../orders/accept-order';
import { findHistory } from '../orders/order-history';
import { recordRefund } from '../orders/record-refund';
import { recordRefundDue } from '../orders/refunds-due';
import { deleteOrder, requestCancel } from '../orders/request-cancel';
import { resumeOrder } from '../orders/resume-order';
import { cancelOrder, CUSTOMER_CANCELLED, shipOrder } from '../orders/settle-order';
import { createOrderActivities } from '../saga/activities';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;
let mug: Product;

beforeAll(async () => {
  shop = await createShopDatabase('recorded-events');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  mug = await aProduct(database, { quantityAvailable: 100 });
});

async function accepted(quantity = 2): Promise<string> {
  const lines = [{ productId: mug.productId, quantity }];
  const outcome = await acceptOrder(database, { customerId: customer.customerId, lines }, 60_000);
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

/** Reads the recorded events of an order, in the order in which a stream delivers them. */
const eventsOf = (orderId: string) =>
  database.orderEvent.findMany({
    where: { orderId },
    select: { step: true, reason: true },
    orderBy: [{ transactionId: 'asc' }, { eventId: 'asc' }],
  });

const ACCEPTED = { step: 'accepted', reason: null };
const CANCEL_REQUESTED = { step: 'cancel-requested', reason: null };
const paidBy = (paymentId: string) => ({ step: 'paid', reason: `payment ${paymentId}` });

test('records an accepted and shipped order, the payment before the shipping', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await shipOrder(database, orderId, paymentId);
  await shipOrder(database, orderId, paymentId);

  expect(await eventsOf(orderId)).toEqual([ACCEPTED, paidBy(paymentId), { step: 'shipped', reason: null }]);
});

test('records a declined order with the reason', async () => {
  const [orderId, reason] = [await accepted(), 'total amount over $1000'];

  await cancelOrder(database, orderId, { code: 'payment-declined', reason, paymentId: randomUUID() });

  expect(await eventsOf(orderId)).toEqual([ACCEPTED, { step: 'declined', reason }, { step: 'cancelled', reason }]);
});

test('records no payment outcome of an order without an answer', async () => {
  const [orderId, reason] = [await accepted(), 'No answer.'];

  await cancelOrder(database, orderId, { code: 'payment-timeout', reason });

  expect(await eventsOf(orderId)).toEqual([ACCEPTED, { step: 'cancelled', reason }]);
});

test('records a cancel once, and the payment that arrives after it', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];

  await requestCancel(database, orderId);
  await requestCancel(database, orderId);
  await shipOrder(database, orderId, paymentId);

  expect(await eventsOf(orderId)).toEqual([
    ACCEPTED,
    CANCEL_REQUESTED,
    paidBy(paymentId),
    { step: 'cancelled', reason: CUSTOMER_CANCELLED.reason },
  ]);
});

test('records concurrent cancels once', async () => {
  const orderId = await accepted();

  await Promise.all(Array.from({ length: 8 }, () => requestCancel(database, orderId)));

  expect(await eventsOf(orderId)).toEqual([ACCEPTED, CANCEL_REQUESTED]);
});

test('records that an order was deleted, after the cancel if it was placed', async () => {
  const [placed, cancelling, shipped] = [await accepted(), await accepted(), await accepted()];
  await requestCancel(database, cancelling);
  await shipOrder(database, shipped, randomUUID());

  for (const orderId of [placed, cancelling, shipped]) await deleteOrder(database, orderId);
  await deleteOrder(database, placed);

  const deleted = { step: 'deleted', reason: null };
  expect(await eventsOf(placed)).toEqual([ACCEPTED, CANCEL_REQUESTED, deleted]);
  expect(await eventsOf(cancelling)).toEqual([ACCEPTED, CANCEL_REQUESTED, deleted]);
  expect((await eventsOf(shipped)).at(-1)).toEqual(deleted);
});

test('records nothing for an order that is refused', async () => {
  const before = await database.orderEvent.count();

  const outcomes = await whileHeld(
    database,
    mug,
    Array.from({ length: 3 }, () => () => {
      const lines = [{ productId: mug.productId, quantity: 60 }];
      return acceptOrder(database, { customerId: customer.customerId, lines }, 60_000);
    }),
  );

  expect(outcomes.filter((outcome) => outcome.accepted)).toHaveLength(1);
  expect(await database.orderEvent.count()).toBe(before + 1);
});

test('records each refund once, and when it has ended', async () => {
  const [orderId, charged, late] = [await accepted(), randomUUID(), randomUUID()];
  await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'No answer.' });

  for (const { refund, paymentId } of [
    { refund: { orderId }, paymentId: charged },
    { refund: { orderId, paymentId: late }, paymentId: late },
  ]) {
    for (let i = 0; i < 2; i++) await recordRefundDue(database, refund);
    for (let i = 0; i < 2; i++) await recordRefund(database, refund, paymentId);
  }

  expect((await eventsOf(orderId)).slice(2)).toEqual([
    { step: 'refund-due', reason: 'every charge of the order' },
    { step: 'refunded', reason: `payment ${charged}` },
    { step: 'refund-due', reason: `payment ${late}` },
    { step: 'refunded', reason: `payment ${late}` },
  ]);
});

/** Requests payments through the saga's activity, whose messages are handled by `send`. */
const paymentRequests = (send: () => Promise<void>, events: OrdersClient = database) =>
  createOrderActivities({
    database: events,
    broker: { send },
    handover: { request: async (_, publish) => publish().then(() => null) },
    settlements: { publish: () => undefined },
    log: silentLog,
  });

test('records each payment request that was published', async () => {
  const orderId = await accepted();
  let fails = true;
  const activities = paymentRequests(async () => {
    if (fails) throw new Error('the broker is unavailable');
  });
  const request = { orderId, customerId: customer.customerId, totalAmount: '10.00' };

  await expect(activities.requestPayment(request, 'attempt 1 of 2')).rejects.toThrow('unavailable');
  fails = false;
  await activities.requestPayment(request, 'attempt 1 of 2');
  await activities.requestPayment(request, 'attempt 1 of 2'); // Temporal has lost the result
  await activities.requestPayment(request, 'attempt 2 of 2');

  expect(await eventsOf(orderId)).toEqual([
    ACCEPTED,
    { step: 'payment-requested', reason: 'over RabbitMQ, attempt 1 of 2' },
    { step: 'payment-requested', reason: 'over RabbitMQ, attempt 2 of 2' },
  ]);
});

test('publishes a payment request once, even if it cannot be recorded', async () => {
  const unavailable = connectOrders('postgresql://postgres@127.0.0.1:1/none', { poolSize: 1 });
  let published = 0;
  const activities = paymentRequests(async () => void published++, unavailable);

  await activities.requestPayment({ orderId: randomUUID(), customerId: customer.customerId, totalAmount: '10.00' });

  expect(published).toBe(1);
  await unavailable.$disconnect();
});

test('the history of an order is what was recorded, with times that do not decrease', async () => {
  const [orderId, paymentId] = [await accepted(), randomUUID()];
  await requestCancel(database, orderId);
  await shipOrder(database, orderId, paymentId);

  const history = (await findHistory(database, orderId)) ?? [];

  expect(history.map(({ step, reason }) => ({ step, reason }))).toEqual(await eventsOf(orderId));
  const times = history.map(({ time }) => time!.getTime());
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  for (const time of times) expect(Date.now() - time).toBeLessThan(60_000);
});

test('adds to the recorded events of an adopted order the steps that its row stores', async () => {
  const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 1 }]);
  await resumeOrder(database, orderId);
  const paymentId = randomUUID();
  await shipOrder(database, orderId, paymentId);

  const { orderDate } = await database.order.findUniqueOrThrow({ where: { orderId } });
  expect(await findHistory(database, orderId)).toEqual([
    { step: 'accepted', time: orderDate, reason: null, actor: null },
    { ...paidBy(paymentId), time: expect.any(Date), actor: null },
    { step: 'shipped', time: expect.any(Date), reason: null, actor: null },
  ]);
});

test('has no history of an order that was deleted or does not exist', async () => {
  const orderId = await accepted();
  await deleteOrder(database, orderId);

  expect(await findHistory(database, orderId)).toBeNull();
  expect(await findHistory(database, randomUUID())).toBeNull();
});
