import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Broker } from '@shop/amqp/broker';
import type { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { installTemporalRuntime, Temporal } from '@shop/runtime/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE, orderWorkflowId, refundWorkflowId } from '@shop/workflows/contract';
import { WorkflowNotFoundError } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { eventually } from '../../test/eventually';
import { Gate } from '../../test/gate';
import { Queues } from '../../test/queues';
import { createNamespace, createShopDatabase, virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { acceptOrder } from '../orders/accept-order';
import { requestCancel } from '../orders/request-cancel';
import { cancelOrder, shipOrder } from '../orders/settle-order';
import { createOrderActivities } from './activities';
import { Settlements } from '../orders/settlements';
import { PaymentHandover } from './fast-path/payment-handover';
import { createPaymentBridge, type PaymentBridgeOptions } from './payment-bridge';
import { createPaymentConsumer } from './payment-consumer';
import { registerSearchAttributes } from './register-search-attributes';
import { Sagas, type OrderToPay } from './sagas';

// Tests the bridge as the service runs it: on real RabbitMQ, PostgreSQL and Temporal servers.
let server: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let queues: Queues;
let temporal: Temporal;
let sagas: Sagas;
/** The broker through which the sagas request payments. */
let sagaBroker: Broker;
let broker: Broker | undefined;
const settlements = new Settlements();
const handover = new PaymentHandover({ settlements, enabled: true, answerWithinMs: 3_000, settledWithinMs: 10_000 });
/** Whether `requestPayment` waits for the answer. */
let sagasWaitForAnswers = false;
let consumer: Consumer | undefined;

beforeAll(async () => {
  server = await createShopDatabase('bridge');
  database = connectOrders(server.ordersUrl, { poolSize: 5 });
  queues = await Queues.open(virtualHostUrl('bridge'));
  sagaBroker = newBroker();
  await sagaBroker.open();

  installTemporalRuntime(silentLog);
  const { address, namespace } = await createNamespace('bridge');
  temporal = new Temporal({
    address,
    namespace,
    log: silentLog,
    prepare: (connection) => registerSearchAttributes(connection, namespace, silentLog),
    worker: {
      taskQueue: ORDER_TASK_QUEUE,
      workflowBundle: { codePath: bundlePath('place-order') },
      activities: createOrderActivities({
        database,
        broker: sagaBroker,
        handover: {
          request: async (requested, send) =>
            sagasWaitForAnswers ? handover.request(requested, send) : send().then(() => null),
        },
        settlements,
        log: silentLog,
      }),
    },
  });
  temporal.start();
  sagas = new Sagas(temporal, { channel: 'events', maxRequests: 1, answerTimeoutMs: 3_600_000 });
  await eventually(() => expect([temporal.isUp, sagaBroker.isUp]).toEqual([true, true]));
});
afterAll(async () => {
  await temporal.stop();
  await Runtime.instance().shutdown(); // its log forwarding would keep the process alive
  await sagaBroker.stop();
  await queues.close();
  await database.$disconnect();
  await server.drop();
});

beforeEach(async () => {
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
});
afterEach(() => stopBridge());

const newBroker = (): Broker => new Broker({ url: virtualHostUrl('bridge'), connectionName: 'test', log: silentLog });

/** Starts the bridge as `main.ts` does. */
async function startBridge(
  overrides: Partial<PaymentBridgeOptions> = {},
  probe = (): Promise<void> => temporal.probe(),
): Promise<void> {
  broker = newBroker();
  const bridge = { database, sagas, handover, log: silentLog, ...overrides };
  consumer = createPaymentConsumer({ broker, temporal: { probe }, ...bridge });
  await broker.open();
  await eventually(() => expect(consumer?.isUp).toBe(true));
}

async function stopBridge(): Promise<void> {
  await consumer?.stop();
  await broker?.stop();
}

/** Builds a payment answer with the required fields only. It reports a success unless overridden. */
const aStat = ({ orderId }: Pick<OrderToPay, 'orderId'>, overrides: object = {}) => ({
  orderId,
  paymentId: randomUUID(),
  success: true,
  ...overrides,
});

const publish = (message: string | object): Promise<void> => queues.send(PAYMENT_STAT, message);

/** Publishes messages before the bridge starts, and waits until the bridge has acknowledged them. */
async function processQueued(...messages: object[]): Promise<void> {
  for (const message of messages) await publish(message);
  await startBridge();
  await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(0));
  await stopBridge();
  expect(await queues.waiting('PaymentStat')).toBe(0);
  expect(await queues.waiting(parkedQueue(PAYMENT_STAT))).toBe(0);
}

async function placedOrder(): Promise<OrderToPay> {
  const { customerId } = await database.customer.create({
    data: { customerId: randomUUID(), firstName: 'John', lastName: 'Doe', email: 'john.doe@test.com' },
  });
  const { productId } = await database.product.create({
    data: { productId: randomUUID(), name: 'Mug', price: 45, quantityAvailable: 10, productType: 'Kitchen' },
  });
  const lines = [{ productId, quantity: 2 }];
  const acceptance = await acceptOrder(database, { customerId, lines }, 60_000);
  if (!acceptance.accepted) throw new Error('The order was not accepted.');
  return { orderId: acceptance.order.orderId, customerId, totalAmount: acceptance.totalAmount };
}

/** Creates an order whose saga is in `requestPayment`. */
async function orderInRequest(): Promise<OrderToPay> {
  const order = await placedOrder();
  await sagas.start(order);
  await queues.take('processPayment');
  return order;
}

/** Creates an order whose saga has requested its payment, and waits for a signal. */
async function orderWithSaga(): Promise<OrderToPay> {
  const order = await orderInRequest();
  await eventually(async () =>
    expect((await historyOf(order)).some((event) => event.timerStartedEventAttributes)).toBe(true),
  );
  return order;
}

async function orderShippedFor(paymentId: string): Promise<OrderToPay> {
  const order = await placedOrder();
  await shipOrder(database, order.orderId, paymentId);
  return order;
}

async function cancelledOrder(): Promise<OrderToPay> {
  const order = await placedOrder();
  await cancelOrder(database, order.orderId, { code: 'payment-timeout', reason: 'No answer.' });
  return order;
}

const row = ({ orderId }: OrderToPay) => database.order.findUniqueOrThrow({ where: { orderId } });

const waitForRow = (order: OrderToPay, expected: object): Promise<void> =>
  eventually(async () => expect(await row(order)).toMatchObject(expected));

/** Returns a workflow as Temporal describes it; null if no workflow has this id. */
async function workflow(id: string): Promise<{ type: string; status: string; runId: string } | null> {
  try {
    const { type, status, runId } = await temporal.call((client) => client.workflow.getHandle(id).describe());
    return { type, status: status.name, runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

const historyOf = async ({ orderId }: OrderToPay) => {
  const history = await temporal.call((client) => client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory());
  return history.events ?? [];
};

const refundOf = ({ paymentId }: { paymentId: string }) => workflow(refundWorkflowId({ orderId: '', paymentId }));

/** Passes messages to the bridge, and returns the effect of each, or else its outcome. */
async function effectsOf(...stats: object[]): Promise<string[]> {
  const outcomes: string[] = [];
  const bridge = createPaymentBridge({ database, sagas, handover, log: silentLog });
  for (const stat of stats) {
    const result = await bridge(Buffer.from(JSON.stringify(stat)));
    outcomes.push('effect' in result ? result.effect : result.outcome);
  }
  return outcomes;
}

describe('while the saga waits for the answer in this process', () => {
  beforeAll(() => void (sagasWaitForAnswers = true));
  afterAll(() => void (sagasWaitForAnswers = false));

  test('settles the order by the answer, without a signal, before the answer is acknowledged', async () => {
    const order = await orderInRequest();
    const stat = aStat(order);

    await expect(effectsOf(stat)).resolves.toEqual(['fast_path']);

    expect(await row(order)).toMatchObject({ orderStatus: 'shipped', paymentId: stat.paymentId });
    await eventually(async () =>
      expect(await workflow(orderWorkflowId(order.orderId))).toMatchObject({ status: 'COMPLETED' }),
    );
    const events = await historyOf(order);
    expect(events.filter((event) => event.workflowExecutionSignaledEventAttributes)).toEqual([]);
    expect(events.filter((event) => event.workflowTaskCompletedEventAttributes)).toHaveLength(1);
  });

  test('cancels the order when the payment is declined', async () => {
    const order = await orderInRequest();

    await expect(effectsOf(aStat(order, { success: false }))).resolves.toEqual(['fast_path']);

    expect(await row(order)).toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
  });

  test('refunds the payment when the order was cancelled first', async () => {
    const order = await orderInRequest();
    await requestCancel(database, order.orderId);
    const stat = aStat(order);

    const [outcome] = await effectsOf(stat);

    expect(outcome).toMatch(/^(signalled|refund_started)$/); // acknowledged because of the refund
    await waitForRow(order, { orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    await eventually(async () => expect(await refundOf(stat)).not.toBeNull());
  });

  test('refunds a second payment', async () => {
    const order = await orderInRequest();
    const [first, second] = [aStat(order), aStat(order)];

    const outcomes = await effectsOf(first, second);

    expect(outcomes).toEqual(['fast_path', expect.stringMatching(/^(signalled|refund_started)$/)]);
    expect(await row(order)).toMatchObject({ orderStatus: 'shipped', paymentId: first.paymentId });
    await eventually(async () => expect(await refundOf(second)).not.toBeNull());
    expect(await refundOf(first)).toBeNull();
  });
});

/** Builds a payment answer with an amount. */
const forged = (order: OrderToPay, totalAmount: number, more: object = {}) => aStat(order, { totalAmount, ...more });

describe('an answer whose amount is not the total of its order', () => {
  test('is parked while the saga waits for the answer in this process, and the right answer ships the order', async () => {
    sagasWaitForAnswers = true;
    try {
      const order = await orderInRequest();
      const stat = aStat(order, { totalAmount: 90 });

      await expect(effectsOf(forged(order, 0.01), stat)).resolves.toEqual(['contradictory', 'fast_path']);

      expect(await row(order)).toMatchObject({ orderStatus: 'shipped', paymentId: stat.paymentId });
    } finally {
      sagasWaitForAnswers = false;
    }
  });

  test.each(['90.00', 'ninety', null, {}])(
    'is accepted if the amount is the total as text, or no amount (%p)',
    async (totalAmount) => {
      const order = await orderWithSaga();
      const stat = aStat(order, { totalAmount });

      await expect(effectsOf(stat)).resolves.toEqual(['signalled']);
      await eventually(async () => expect(await row(order)).toMatchObject({ paymentId: stat.paymentId }));
    },
  );

  test.each([0.01, 89.99, 90.01, 0, -90, 1e21])('is parked while the saga waits for a signal ($%d)', async (amount) => {
    const order = await orderWithSaga();

    await expect(effectsOf(forged(order, amount))).resolves.toEqual(['contradictory']);

    expect(await row(order)).toMatchObject({ orderStatus: 'placed' });
    expect((await historyOf(order)).some((event) => event.workflowExecutionSignaledEventAttributes)).toBe(false);
  });

  test.each([
    ['a success', true],
    ['a decline', false],
  ])('is parked if no saga runs: %s starts none', async (_, success) => {
    const order = await placedOrder();

    await expect(effectsOf(forged(order, 0.01, { success }))).resolves.toEqual(['contradictory']);

    expect(await workflow(orderWorkflowId(order.orderId))).toBeNull();
  });

  test('is parked after the order was cancelled, and starts no refund', async () => {
    const order = await cancelledOrder();
    const stat = forged(order, 0.01);

    await expect(effectsOf(stat)).resolves.toEqual(['contradictory']);

    expect(await refundOf(stat)).toBeNull();
  });

  test('is accepted if it equals the total to the cent', async () => {
    const order = await placedOrder();

    await expect(effectsOf(forged(order, 90.000000000000014))).resolves.toEqual(['saga_resumed']);
  });

  test('is accepted for an order of the original, which charged the prices that the client had sent', async () => {
    const order = await placedOrder();
    await database.order.update({ where: { orderId: order.orderId }, data: { stockTakenAt: null } });

    await expect(effectsOf(forged(order, 12.5))).resolves.toEqual(['saga_resumed']);
  });

  test('is accepted for an order of the original that is adopted: it may have been charged before', async () => {
    const order = await placedOrder();
    await database.order.update({ where: { orderId: order.orderId }, data: { stockTakenAt: new Date() } });

    await expect(effectsOf(forged(order, 12.5))).resolves.toEqual(['saga_resumed']);
  });
});

describe('while the saga waits for a signal', () => {
  test('ships the order when its payment succeeds', async () => {
    const order = await orderWithSaga();
    const stat = aStat(order);

    await processQueued(stat);

    await waitForRow(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId: stat.paymentId });
  });

  test('cancels the order when its payment is declined', async () => {
    const order = await orderWithSaga();

    await processQueued(aStat(order, { success: false, reason: 'total amount over $1000' }));

    await waitForRow(order, { orderStatus: 'cancelled', paymentStatus: 'failed' });
  });

  test('settles the order by an answer whose reason exceeds the size limit of a signal', async () => {
    const order = await orderWithSaga();

    await processQueued(aStat(order, { success: false, reason: 'no '.repeat(2_000_000) }));

    await waitForRow(order, { orderStatus: 'cancelled', paymentStatus: 'failed' });
  });

  test('accepts field names and ids in any case, and every field that the original sends', async () => {
    const order = await orderWithSaga();
    const paymentId = randomUUID();

    await processQueued({
      ORDERID: order.orderId.toUpperCase(),
      customerid: order.customerId,
      TotalAmount: 90,
      PaymentID: paymentId.toUpperCase(),
      Success: true,
      paidAt: '2024-04-14T00:28:31.336146789-04:00',
      reason: null,
      currency: 'USD',
    });

    await waitForRow(order, { orderStatus: 'shipped', paymentId });
  });

  test('keeps the answer on the queue until the saga has received it', async () => {
    // The bridge signals first and acknowledges second. The test stops it between the two.
    const { orderId } = await placedOrder();
    const stat = aStat({ orderId });
    const signals: unknown[] = [];
    const signalling = new Gate();
    const slowSagas = new Sagas(temporal, { channel: 'events', maxRequests: 1, answerTimeoutMs: 3_600_000 });
    slowSagas.signalPayment = async (...answer) => {
      signals.push(answer);
      await signalling.opened;
      return true;
    };
    await startBridge({ sagas: slowSagas });
    await publish(stat);
    await eventually(() => expect(signals).toHaveLength(1));

    await broker?.stop(); // as when the process is killed
    await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(1));
    signalling.open();
    await consumer?.stop();

    await startBridge({ sagas: slowSagas });
    await eventually(() => expect(signals).toHaveLength(2));
    expect(signals[1]).toEqual([orderId, { paymentId: stat.paymentId, success: true, reason: '' }]);
  });
});

test('starts the saga of a placed order that has none with the answer, and requests no second payment', async () => {
  const order = await placedOrder();
  const stat = aStat(order);

  await processQueued(stat);

  await waitForRow(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId: stat.paymentId });
  expect(await workflow(orderWorkflowId(order.orderId))).toMatchObject({ type: 'placeOrder' });
  expect(await queues.waiting('processPayment')).toBe(0);
});

test('starts one saga for two concurrent payments of a placed order, and refunds one of them', async () => {
  const order = await placedOrder();
  const [one, two] = [aStat(order), aStat(order)];

  await processQueued(one, two, one, two);

  await waitForRow(order, { orderStatus: 'shipped', paymentStatus: 'success' });
  const [kept, refunded] = (await row(order)).paymentId === one.paymentId ? [one, two] : [two, one];
  expect(await row(order)).toMatchObject({ paymentId: kept.paymentId });
  await eventually(async () => expect(await refundOf(refunded)).toMatchObject({ status: 'RUNNING' }));
  expect(await refundOf(kept)).toBeNull();
  expect(await queues.waiting('processPayment')).toBe(0);
});

describe('for a settled order', () => {
  test('ignores the answer that settled it', async () => {
    const stat = { paymentId: randomUUID() };
    const order = await orderShippedFor(stat.paymentId);
    const rowBefore = await row(order);

    await processQueued(aStat(order, stat));

    expect(await row(order)).toEqual(rowBefore);
    expect(await refundOf(stat)).toBeNull();
    expect(await workflow(orderWorkflowId(order.orderId))).toBeNull();
  });

  test('ignores a decline', async () => {
    const order = await orderShippedFor(randomUUID());
    const rowBefore = await row(order);
    const declined = aStat(order, { success: false });

    await processQueued(declined);

    expect(await row(order)).toEqual(rowBefore);
    expect(await refundOf(declined)).toBeNull();
  });

  test.each([
    ['cancelled', cancelledOrder],
    ['shipped for another payment', () => orderShippedFor(randomUUID())],
    [
      'deleted',
      async () => {
        const order = await cancelledOrder();
        await database.order.update({ where: { orderId: order.orderId }, data: { deletedAt: new Date() } });
        return order;
      },
    ],
  ])('refunds a payment that succeeds after the order was %s', async (_, anOrder) => {
    const order = await anOrder();
    const rowBefore = await row(order);
    const stat = aStat(order);

    await processQueued(stat, stat);

    expect(await refundOf(stat)).toMatchObject({ type: 'refundPayment', status: 'RUNNING' });
    expect(await database.refundDue.findUnique({ where: { refundId: stat.paymentId } })).toMatchObject({
      orderId: order.orderId,
      paymentId: stat.paymentId,
    });
    expect(await row(order)).toEqual(rowBefore);
  });

  test('does not restart a refund that an operator has terminated', async () => {
    const stat = aStat(await cancelledOrder());
    await processQueued(stat);
    await temporal.call((client) => client.workflow.getHandle(refundWorkflowId(stat)).terminate());
    const ended = await refundOf(stat);

    await processQueued(stat);

    expect(ended).toMatchObject({ status: 'TERMINATED' });
    expect(await refundOf(stat)).toEqual(ended);
  });
});

const UNKNOWN_ORDER = randomUUID();

test.each([
  ['for an order that does not exist', aStat({ orderId: UNKNOWN_ORDER }), `there is no order ${UNKNOWN_ORDER}`],
  ['that is not JSON', 'paid!', /^not JSON/],
  ['without a boolean success', aStat({ orderId: UNKNOWN_ORDER }, { success: 'yes' }), /^success: /],
  ['without a payment id', aStat({ orderId: UNKNOWN_ORDER }, { paymentId: undefined }), /^paymentId: /],
])('parks an answer %s, with the reason', async (_, message, reason) => {
  await startBridge();
  await publish(message);

  const { content, properties } = await queues.take(parkedQueue(PAYMENT_STAT));

  expect(content.toString()).toBe(typeof message === 'string' ? message : JSON.stringify(message));
  expect(properties.headers?.['x-reason']).toEqual(expect.stringMatching(reason));
  await stopBridge();
  expect(await queues.waiting('PaymentStat')).toBe(0);
});

test.each([0.01, '0.01'])('parks an answer with another amount (%p), and names both amounts', async (totalAmount) => {
  const order = await placedOrder();
  await startBridge();
  await publish(aStat(order, { totalAmount }));

  const { properties } = await queues.take(parkedQueue(PAYMENT_STAT));

  expect(properties.headers).toMatchObject({
    'x-reason': `totalAmount is 0.01, but the total of order ${order.orderId} is 90.00`,
  });
});

test('parks an unreadable answer once, although its header CC names both queues', async () => {
  const CC = ['PaymentStat', 'processPayment'];
  await queues.sendWith(PAYMENT_STAT, { headers: { CC } }, 'not json');
  await startBridge();

  const { content, properties } = await queues.take(parkedQueue(PAYMENT_STAT));

  expect(content.toString()).toBe('not json');
  expect(properties.headers).toMatchObject({ 'sender.headers.CC': JSON.stringify(CC) });
  await stopBridge();
  for (const queue of ['PaymentStat', 'processPayment', parkedQueue(PAYMENT_STAT)]) {
    expect(await queues.waiting(queue)).toBe(0);
  }
});

test('reads the ids of an answer in each form that the original reads', async () => {
  const order = await orderWithSaga();
  const stat = aStat({ orderId: `{${order.orderId.toUpperCase()}}` });

  await processQueued({ ...stat, paymentId: stat.paymentId.replaceAll('-', '') });

  await waitForRow(order, { orderStatus: 'shipped', paymentId: stat.paymentId });
});

test('processes ten thousand queued messages that are invalid, repeated, late or contradictory', async () => {
  const paidTwice = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const order = await orderWithSaga();
      return { order, first: aStat(order), second: aStat(order) };
    }),
  );
  const shipped = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const stat = { paymentId: randomUUID() };
      return aStat(await orderShippedFor(stat.paymentId), stat);
    }),
  );
  await queues.send(PAYMENT_STAT, ...Array.from({ length: 1_000 }, () => 'paid!'));
  await queues.send(PAYMENT_STAT, ...paidTwice.flatMap(({ first, second }) => [first, second])); // behind the invalid ones
  for (let times = 0; times < 89; times++) await queues.send(PAYMENT_STAT, ...shipped);
  for (const { first } of paidTwice) await queues.send(PAYMENT_STAT, first, first, { ...first, success: false });
  await startBridge();

  await eventually(async () => {
    expect(await queues.waiting('PaymentStat')).toBe(0);
    expect(await queues.waiting(parkedQueue(PAYMENT_STAT))).toBe(1_000);
  }, 120_000);
  await stopBridge(); // waits for messages in flight
  expect(await queues.waiting('PaymentStat')).toBe(0);
  for (const { order, first, second } of paidTwice) {
    await waitForRow(order, { orderStatus: 'shipped' });
    const [kept, refunded] = (await row(order)).paymentId === first.paymentId ? [first, second] : [second, first];
    expect(await row(order)).toMatchObject({ paymentId: kept.paymentId });
    await eventually(async () => expect(await refundOf(refunded)).toMatchObject({ status: 'RUNNING' }));
    expect(await refundOf(kept)).toBeNull();
  }
}, 300_000);

describe('during an outage', () => {
  test('keeps the answer while Temporal is unavailable, and delivers it afterwards', async () => {
    const order = await orderWithSaga();
    let calls = 0;
    const unreachable = new Temporal({
      address: 'localhost:1',
      namespace: 'none',
      log: silentLog,
      worker: { taskQueue: ORDER_TASK_QUEUE },
    });
    let current = unreachable; // throws the real error of an unreachable server
    const currentSagas = new Sagas(
      { call: (use) => (calls++, current.call(use)) },
      { channel: 'events', maxRequests: 1, answerTimeoutMs: 3_600_000 },
    );
    let probes = 0;
    await startBridge({ sagas: currentSagas }, () => (probes++, current.probe()));
    const stat = aStat(order);
    await publish(stat);

    await eventually(() => expect(probes).toBeGreaterThanOrEqual(2));
    expect(calls).toBe(1);
    expect(await queues.waiting('PaymentStat')).toBe(1);
    expect(await queues.consumers('PaymentStat')).toBe(0);

    current = temporal;

    await waitForRow(order, { orderStatus: 'shipped', paymentId: stat.paymentId });
  });

  test('keeps the answer while PostgreSQL is unavailable', async () => {
    const unreachable = connectOrders('postgresql://postgres:postgres@localhost:1/shop', { poolSize: 1 });
    await startBridge({ database: unreachable });
    await publish(aStat(await placedOrder()));

    await eventually(async () => {
      expect(await queues.consumers('PaymentStat')).toBe(0);
      expect(await queues.waiting('PaymentStat')).toBe(1);
    });
    await unreachable.$disconnect();
  });
});
