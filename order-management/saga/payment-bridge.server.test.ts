import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { isDatabaseUnavailable } from '@shop/prisma/errors';
import { installTemporalRuntime, Temporal, TemporalUnavailableError } from '@shop/runtime/temporal';
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
import { registerSearchAttributes } from './register-search-attributes';
import { Sagas, type OrderToPay } from './sagas';

// The bridge as the service has it: a consumer on RabbitMQ, orders in PostgreSQL, their sagas on Temporal.
let server: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let queues: Queues;
let temporal: Temporal;
let sagas: Sagas;
/** The broker that the sagas ask for payments with. */
let sagaBroker: Broker;
let broker: Broker | undefined;
const settlements = new Settlements();
const handover = new PaymentHandover({ settlements, enabled: true, answerWithinMs: 3_000, settledWithinMs: 10_000 });
let sagasWaitForAnswers = false; // in `requestPayment`
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
          request: async (orderId, send) =>
            sagasWaitForAnswers ? handover.request(orderId, send) : send().then(() => null),
        },
        settlements,
        log: silentLog,
      }),
    },
  });
  temporal.start();
  sagas = new Sagas(temporal, { channel: 'events', asks: 1, askTimeoutMs: 3_600_000 });
  await eventually(() => expect([temporal.isUp, sagaBroker.isUp]).toEqual([true, true]));
});
afterAll(async () => {
  await temporal.stop();
  await Runtime.instance().shutdown(); // or its log forwarding keeps the process alive
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

/** Runs the bridge, as `main.ts` does it. */
async function startBridge(
  more: Partial<PaymentBridgeOptions> = {},
  probe = (): Promise<void> => temporal.probe(),
): Promise<void> {
  broker = newBroker();
  consumer = new Consumer({
    broker,
    route: PAYMENT_STAT,
    log: silentLog,
    handle: createPaymentBridge({ database, sagas, handover, log: silentLog, ...more }),
    isOutage: (error) => error instanceof TemporalUnavailableError || isDatabaseUnavailable(error),
    probe,
  });
  await broker.open();
  await eventually(() => expect(consumer?.isUp).toBe(true));
}

async function stopBridge(): Promise<void> {
  await consumer?.stop();
  await broker?.stop();
}

/** A success of the order's payment, unless told otherwise, with no more in it than must be. */
const aStat = ({ orderId }: Pick<OrderToPay, 'orderId'>, more: object = {}) => ({
  orderId,
  paymentId: randomUUID(),
  success: true,
  ...more,
});

const publish = (message: string | object): Promise<void> => queues.send(PAYMENT_STAT, message);

/** Has the bridge deal with messages that are there already, and take them off the queue for good. */
async function bridge(...messages: object[]): Promise<void> {
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

/** An order whose saga asks for its payment at this moment. */
async function askingOrder(): Promise<OrderToPay> {
  const order = await placedOrder();
  await sagas.start(order);
  await queues.take('processPayment');
  return order;
}

/** An order whose saga has asked for its payment, and waits for a signal. */
async function orderWithSaga(): Promise<OrderToPay> {
  const order = await askingOrder();
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

const ends = (order: OrderToPay, wanted: object): Promise<void> =>
  eventually(async () => expect(await row(order)).toMatchObject(wanted));

/** A workflow as Temporal describes it; null where there has been none of that id. */
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

/** What the bridge makes of messages. */
async function answered(...stats: object[]): Promise<string[]> {
  const outcomes: string[] = [];
  const bridging = createPaymentBridge({ database, sagas, handover, log: silentLog });
  for (const stat of stats) {
    const result = await bridging(Buffer.from(JSON.stringify(stat)));
    outcomes.push('effect' in result ? result.effect : result.outcome);
  }
  return outcomes;
}

describe('while its saga asks for the payment in this process, an order', () => {
  beforeAll(() => void (sagasWaitForAnswers = true));
  afterAll(() => void (sagasWaitForAnswers = false));

  test('is settled by the answer itself, without a signal, before the answer is acknowledged', async () => {
    const order = await askingOrder();
    const stat = aStat(order);

    await expect(answered(stat)).resolves.toEqual(['fast_path']);

    expect(await row(order)).toMatchObject({ orderStatus: 'shipped', paymentId: stat.paymentId });
    await eventually(async () =>
      expect(await workflow(orderWorkflowId(order.orderId))).toMatchObject({ status: 'COMPLETED' }),
    );
    const events = await historyOf(order);
    expect(events.filter((event) => event.workflowExecutionSignaledEventAttributes)).toEqual([]);
    expect(events.filter((event) => event.workflowTaskCompletedEventAttributes)).toHaveLength(1);
  });

  test('is cancelled by a decline in the same way', async () => {
    const order = await askingOrder();

    await expect(answered(aStat(order, { success: false }))).resolves.toEqual(['fast_path']);

    expect(await row(order)).toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
  });

  test('that was cancelled first has its payment refunded', async () => {
    const order = await askingOrder();
    await requestCancel(database, order.orderId);
    const stat = aStat(order);

    const [outcome] = await answered(stat);

    expect(outcome).toMatch(/^(signalled|refund_started)$/); // acknowledged for that, not for the order's end
    await ends(order, { orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    await eventually(async () => expect(await refundOf(stat)).not.toBeNull());
  });

  test('has a second payment refunded', async () => {
    const order = await askingOrder();
    const [first, second] = [aStat(order), aStat(order)];

    const outcomes = await answered(first, second);

    expect(outcomes).toEqual(['fast_path', expect.stringMatching(/^(signalled|refund_started)$/)]);
    expect(await row(order)).toMatchObject({ orderStatus: 'shipped', paymentId: first.paymentId });
    await eventually(async () => expect(await refundOf(second)).not.toBeNull());
    expect(await refundOf(first)).toBeNull();
  });
});

describe('while its saga runs, an order', () => {
  test('is shipped by the answer that its payment succeeded', async () => {
    const order = await orderWithSaga();
    const stat = aStat(order);

    await bridge(stat);

    await ends(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId: stat.paymentId });
  });

  test('is cancelled by the answer that its payment was declined', async () => {
    const order = await orderWithSaga();

    await bridge(aStat(order, { success: false, reason: 'total amount over $1000' }));

    await ends(order, { orderStatus: 'cancelled', paymentStatus: 'failed' });
  });

  test('is settled by an answer whose reason is longer than Temporal takes', async () => {
    const order = await orderWithSaga();

    await bridge(aStat(order, { success: false, reason: 'no '.repeat(2_000_000) }));

    await ends(order, { orderStatus: 'cancelled', paymentStatus: 'failed' });
  });

  test('understands names and ids in any case, and all that the original says', async () => {
    const order = await orderWithSaga();
    const paymentId = randomUUID();

    await bridge({
      ORDERID: order.orderId.toUpperCase(),
      customerid: order.customerId,
      TotalAmount: 90,
      PaymentID: paymentId.toUpperCase(),
      Success: true,
      paidAt: '2024-04-14T00:28:31.336146789-04:00',
      reason: null,
      currency: 'USD',
    });

    await ends(order, { orderStatus: 'shipped', paymentId });
  });

  test('keeps its answer on the queue until the saga has it', async () => {
    // Signal first, acknowledge second: the test stops the bridge between the two.
    const { orderId } = await placedOrder();
    const stat = aStat({ orderId });
    const told: unknown[] = [];
    const signalling = new Gate();
    const slow = new Sagas(temporal, { channel: 'events', asks: 1, askTimeoutMs: 3_600_000 });
    slow.signalPayment = async (...answer) => {
      told.push(answer);
      await signalling.opened;
      return true;
    };
    await startBridge({ sagas: slow });
    await publish(stat);
    await eventually(() => expect(told).toHaveLength(1));

    await broker?.stop(); // as a process does that is killed
    await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(1));
    signalling.open();
    await consumer?.stop();

    await startBridge({ sagas: slow });
    await eventually(() => expect(told).toHaveLength(2));
    expect(told[1]).toEqual([orderId, { paymentId: stat.paymentId, success: true, reason: '' }]);
  });
});

test('starts the saga of a placed order that has none, with the answer: no second payment is asked for', async () => {
  const order = await placedOrder();
  const stat = aStat(order);

  await bridge(stat);

  await ends(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId: stat.paymentId });
  expect(await workflow(orderWorkflowId(order.orderId))).toMatchObject({ type: 'placeOrder' });
  expect(await queues.waiting('processPayment')).toBe(0);
});

test('starts one saga where two payments of a placed order come at once, and refunds the other', async () => {
  const order = await placedOrder();
  const [one, two] = [aStat(order), aStat(order)];

  await bridge(one, two, one, two);

  await ends(order, { orderStatus: 'shipped', paymentStatus: 'success' });
  const [kept, given] = (await row(order)).paymentId === one.paymentId ? [one, two] : [two, one];
  expect(await row(order)).toMatchObject({ paymentId: kept.paymentId });
  await eventually(async () => expect(await refundOf(given)).toMatchObject({ status: 'RUNNING' }));
  expect(await refundOf(kept)).toBeNull();
  expect(await queues.waiting('processPayment')).toBe(0);
});

describe('for an order that is settled', () => {
  test('does nothing about the answer that settled it', async () => {
    const stat = { paymentId: randomUUID() };
    const order = await orderShippedFor(stat.paymentId);
    const before = await row(order);

    await bridge(aStat(order, stat));

    expect(await row(order)).toEqual(before);
    expect(await refundOf(stat)).toBeNull();
    expect(await workflow(orderWorkflowId(order.orderId))).toBeNull();
  });

  test('does nothing about a decline', async () => {
    const order = await orderShippedFor(randomUUID());
    const before = await row(order);
    const declined = aStat(order, { success: false });

    await bridge(declined);

    expect(await row(order)).toEqual(before);
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
  ])('refunds a payment that succeeds when it is %s', async (_, anOrder) => {
    const order = await anOrder();
    const before = await row(order);
    const stat = aStat(order);

    await bridge(stat, stat);

    expect(await refundOf(stat)).toMatchObject({ type: 'refundPayment', status: 'RUNNING' });
    expect(await database.refundDue.findUnique({ where: { refundId: stat.paymentId } })).toMatchObject({
      orderId: order.orderId,
      paymentId: stat.paymentId,
    });
    expect(await row(order)).toEqual(before);
  });

  test('does not refund once more what an operator has seen to', async () => {
    const stat = aStat(await cancelledOrder());
    await bridge(stat);
    await temporal.call((client) => client.workflow.getHandle(refundWorkflowId(stat)).terminate());
    const ended = await refundOf(stat);

    await bridge(stat);

    expect(ended).toMatchObject({ status: 'TERMINATED' });
    expect(await refundOf(stat)).toEqual(ended);
  });
});

const UNKNOWN_ORDER = randomUUID();

test.each([
  ['of an order that there is not', aStat({ orderId: UNKNOWN_ORDER }), `there is no order ${UNKNOWN_ORDER}`],
  ['that is not JSON', 'paid!', /^not JSON/],
  ['that does not say whether it succeeded', aStat({ orderId: UNKNOWN_ORDER }, { success: 'yes' }), /^success: /],
  ['that has no payment id', aStat({ orderId: UNKNOWN_ORDER }, { paymentId: undefined }), /^paymentId: /],
])('parks an answer %s, with the reason', async (_, message, reason) => {
  await startBridge();
  await publish(message);

  const { content, properties } = await queues.take(parkedQueue(PAYMENT_STAT));

  expect(content.toString()).toBe(typeof message === 'string' ? message : JSON.stringify(message));
  expect(properties.headers?.['x-reason']).toEqual(expect.stringMatching(reason));
  await stopBridge();
  expect(await queues.waiting('PaymentStat')).toBe(0);
});

test('sees to ten thousand messages that come at once: bad, repeated, late and contradicting', async () => {
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
  await queues.send(PAYMENT_STAT, ...paidTwice.flatMap(({ first, second }) => [first, second])); // behind the bad ones
  for (let times = 0; times < 89; times++) await queues.send(PAYMENT_STAT, ...shipped);
  for (const { first } of paidTwice) await queues.send(PAYMENT_STAT, first, first, { ...first, success: false });
  await startBridge();

  await eventually(async () => {
    expect(await queues.waiting('PaymentStat')).toBe(0);
    expect(await queues.waiting(parkedQueue(PAYMENT_STAT))).toBe(1_000);
  }, 120_000);
  await stopBridge(); // with what was under way
  expect(await queues.waiting('PaymentStat')).toBe(0);
  for (const { order, first, second } of paidTwice) {
    await ends(order, { orderStatus: 'shipped' });
    const [kept, given] = (await row(order)).paymentId === first.paymentId ? [first, second] : [second, first];
    expect(await row(order)).toMatchObject({ paymentId: kept.paymentId });
    await eventually(async () => expect(await refundOf(given)).toMatchObject({ status: 'RUNNING' }));
    expect(await refundOf(kept)).toBeNull();
  }
}, 300_000);

describe('in an outage', () => {
  test('of Temporal keeps the answer, and delivers it afterwards', async () => {
    const order = await orderWithSaga();
    let calls = 0;
    const away = new Temporal({
      address: 'localhost:1',
      namespace: 'none',
      log: silentLog,
      worker: { taskQueue: ORDER_TASK_QUEUE },
    });
    let reached = away; // the very error of the real thing
    const distant = new Sagas(
      { call: (use) => (calls++, reached.call(use)) },
      { channel: 'events', asks: 1, askTimeoutMs: 3_600_000 },
    );
    let probes = 0;
    await startBridge({ sagas: distant }, () => (probes++, reached.probe()));
    const stat = aStat(order);
    await publish(stat);

    await eventually(() => expect(probes).toBeGreaterThanOrEqual(2));
    expect(calls).toBe(1);
    expect(await queues.waiting('PaymentStat')).toBe(1);
    expect(await queues.consumers('PaymentStat')).toBe(0);

    reached = temporal;

    await ends(order, { orderStatus: 'shipped', paymentId: stat.paymentId });
  });

  test('of PostgreSQL keeps the answer', async () => {
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
