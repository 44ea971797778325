import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { installTemporalRuntime, Temporal, TemporalUnavailableError } from '@shop/runtime/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE, orderWorkflowId, refundWorkflowId, type RefundInput } from '@shop/workflows/contract';
import type { placeOrder } from '@shop/workflows/place-order';
import type { WorkflowHandle } from '@temporalio/client';
import { type NativeConnection, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { addCustomer } from '../catalog/customers';
import { addProduct } from '../catalog/products';
import { acceptOrder } from '../orders/accept-order';
import { recordRefundDue } from '../orders/refunds-due';
import { requestCancel } from '../orders/request-cancel';
import { cancelOrder, shipOrder } from '../orders/settle-order';
import { eventually } from '../../test/eventually';
import { createNamespace, createShopDatabase } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { createOrderActivities } from './activities';
import { Settlements } from '../orders/settlements';
import { PaymentHandover } from './fast-path/payment-handover';
import { registerSearchAttributes } from './register-search-attributes';
import { Sagas, type OrderToPay } from './sagas';
import { Sweeper, type SweeperOptions } from './sweeper';

// Real sagas over real rows. Nobody answers their payment requests: a saga once started waits.
const HOUR_MS = 3_600_000;
const TERMS = { channel: 'events', asks: 1, askTimeoutMs: HOUR_MS } as const;

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let temporal: Temporal;
const settlements = new Settlements();
let asked: object[] = [];
const running: Sweeper[] = [];
beforeAll(async () => {
  installTemporalRuntime(silentLog);
  shop = await createShopDatabase('sweeper');
  database = connectOrders(shop.ordersUrl, { poolSize: 5 });
  const { address, namespace } = await createNamespace('sweeper');
  const broker = { send: async (_route: object, message: object) => void asked.push(message) };
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
        broker,
        handover: new PaymentHandover({ settlements, enabled: true }),
        settlements,
        log: silentLog,
      }),
    },
  });
  temporal.start();
  await eventually(() => expect(temporal.isUp).toBe(true));
});
afterEach(async () => {
  for (const sweeper of running.splice(0)) await sweeper.stop();
  await database.order.updateMany({ data: { orderStatus: 'failed' } }); // nothing is left to examine
  await database.refundDue.deleteMany();
  asked = [];
});
afterAll(async () => {
  await temporal.stop();
  await database.$disconnect();
  await shop.drop();
  await Runtime.instance().shutdown();
});

const sagas = (): Sagas => new Sagas(temporal, TERMS);

const aSweeper = (options: Partial<SweeperOptions> = {}): Sweeper =>
  new Sweeper({
    database,
    temporal,
    sagas: sagas(),
    log: silentLog,
    intervalMs: 10,
    examineAgainMs: HOUR_MS,
    mayAdopt: async () => true,
    ...options,
  });

/** A sweeper that runs until the end of the test. */
function startSweeper(options: Partial<SweeperOptions> = {}): void {
  const sweeper = aSweeper(options);
  running.push(sweeper);
  sweeper.start();
}

/** An accepted order that is due to be examined. Its saga is not started. */
async function anAcceptedOrder(): Promise<OrderToPay & { productId: string }> {
  const { customerId } = await addCustomer(database, { firstName: 'John', lastName: 'Doe', email: 'john@test.com' });
  const { productId } = await addProduct(database, {
    name: 'Thermos Flask',
    price: '45.00',
    description: '',
    quantityAvailable: 25,
    productType: 'Kitchen',
  });
  const outcome = await acceptOrder(database, { customerId, lines: [{ productId, quantity: 2 }] }, 0);
  if (!outcome.accepted) throw new Error('The order was not accepted.');
  return { orderId: outcome.order.orderId, customerId, totalAmount: outcome.totalAmount, productId };
}

/** The latest run of an order's saga. */
const sagaOf = ({ orderId }: OrderToPay) =>
  temporal.call(async ({ workflow }): Promise<WorkflowHandle<typeof placeOrder>> =>
    workflow.getHandle<typeof placeOrder>(orderWorkflowId(orderId)),
  );

const describeSaga = async (order: OrderToPay) => {
  const { runId, status } = await (await sagaOf(order)).describe();
  return { runId, status: status.name };
};

/** Payments asked for: each saga, and each run of one, asks once. */
const asksFor = ({ orderId }: OrderToPay): number =>
  asked.filter((message) => 'orderId' in message && message.orderId === orderId).length;

const hasAsked = (order: OrderToPay, times = 1): Promise<void> => eventually(() => expect(asksFor(order)).toBe(times));

async function startSaga(order: OrderToPay): Promise<{ runId: string }> {
  await sagas().start(order);
  await hasAsked(order);
  return describeSaga(order);
}

test('starts the saga of an order that has none', async () => {
  const order = await anAcceptedOrder();

  await aSweeper().sweep();

  await hasAsked(order);
  expect(await describeSaga(order)).toMatchObject({ status: 'RUNNING' });
  const { orderId, customerId } = order;
  expect(asked).toEqual([{ orderId, customerId, totalAmount: 90 }]);
});

test('starts the saga of a placed order anew where it was terminated', async () => {
  const order = await anAcceptedOrder();
  const { runId } = await startSaga(order);
  await (await sagaOf(order)).terminate();

  await aSweeper().sweep();

  await hasAsked(order, 2);
  const resumed = await describeSaga(order);
  expect(resumed.status).toBe('RUNNING');
  expect(resumed.runId).not.toBe(runId);
});

test('leaves a saga alone that runs', async () => {
  const order = await anAcceptedOrder();
  const { runId } = await startSaga(order);

  expect(await aSweeper().sweep()).toBe(1);

  expect(await describeSaga(order)).toEqual({ runId, status: 'RUNNING' });
  expect((await (await sagaOf(order)).fetchHistory()).events).not.toContainEqual(
    expect.objectContaining({ workflowExecutionSignaledEventAttributes: expect.anything() }),
  );
});

test('tells a saga of a cancel whose signal was lost', async () => {
  const order = await anAcceptedOrder();
  await startSaga(order);
  await requestCancel(database, order.orderId);

  await aSweeper().sweep();

  await expect((await sagaOf(order)).result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
  const product = await database.product.findUnique({ where: { productId: order.productId } });
  expect(product?.quantityAvailable).toBe(25);
});

test('cancels an order whose customer cancelled while it had no saga, without asking for its payment', async () => {
  const order = await anAcceptedOrder();
  await requestCancel(database, order.orderId);

  await aSweeper().sweep();

  await expect((await sagaOf(order)).result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
  expect(asksFor(order)).toBe(0);
});

test('does not examine an order that is settled, or not due yet', async () => {
  const [settled, young] = [await anAcceptedOrder(), await anAcceptedOrder()];
  await shipOrder(database, settled.orderId, randomUUID());
  await database.order.update({
    where: { orderId: young.orderId },
    data: { examineAfter: new Date(Date.now() + HOUR_MS) },
  });

  expect(await aSweeper().sweep()).toBe(0);
});

test('leaves an order alone that was settled since it was claimed', async () => {
  const orders = [await anAcceptedOrder(), await anAcceptedOrder()];
  const resumed: string[] = [];
  // Both are claimed by now; whichever is examined first, the other is shipped meanwhile.
  class SlowSagas extends Sagas {
    override async resume(order: OrderToPay): Promise<boolean> {
      resumed.push(order.orderId);
      for (const other of orders) {
        if (other.orderId !== order.orderId) await shipOrder(database, other.orderId, randomUUID());
      }
      return true;
    }
  }

  expect(await aSweeper({ sagas: new SlowSagas(temporal, TERMS) }).sweep()).toBe(2);

  expect(resumed).toHaveLength(1);
});

test('examines each order once where two sweepers sweep at once', async () => {
  const orders: OrderToPay[] = [];
  for (let i = 0; i < 10; i++) orders.push(await anAcceptedOrder());

  const examined = await Promise.all([aSweeper().sweep(), aSweeper().sweep()]);

  expect(examined.reduce((sum, n) => sum + n)).toBe(10);
  for (const order of orders) await hasAsked(order);
});

test('does not wait for an order that another instance has in hand', async () => {
  const { orderId } = await anAcceptedOrder();

  await database.$transaction(async (other) => {
    await other.$queryRaw`SELECT FROM orders WHERE order_id = ${orderId}::uuid FOR UPDATE`;
    expect(await aSweeper().sweep()).toBe(0);
  });
});

test('starts one saga where two sweepers examine one order at once', async () => {
  const order = await anAcceptedOrder();

  // As they do where the first is so slow that its claim runs out.
  const started = await Promise.all([sagas().resume(order), sagas().resume(order)]);

  expect(started.toSorted()).toEqual([false, true]);
  await hasAsked(order);
});

test('examines the others where one order cannot be examined', async () => {
  const orders = [await anAcceptedOrder(), await anAcceptedOrder(), await anAcceptedOrder()];
  let bad: string | undefined; // the first of the batch, whichever that is
  class PickySagas extends Sagas {
    override async resume(order: OrderToPay): Promise<boolean> {
      bad ??= order.orderId;
      if (order.orderId === bad) throw new Error('the memo is too large');
      return super.resume(order);
    }
  }

  startSweeper({ sagas: new PickySagas(temporal, TERMS) });

  await eventually(() => expect(asked).toHaveLength(orders.length - 1));
});

test('adopts what the original left behind once it may, and sees to all else before', async () => {
  const [ours, original] = [await anAcceptedOrder(), await anAcceptedOrder()];
  await database.$executeRaw`UPDATE orders SET stock_taken_at = NULL WHERE order_id = ${original.orderId}::uuid`;

  expect(await aSweeper({ mayAdopt: async () => false }).sweep()).toBe(1);
  await hasAsked(ours);
  expect(await aSweeper().sweep()).toBe(1);
  await hasAsked(original);
});

test('sweeps again and again', async () => {
  startSweeper();

  for (let i = 0; i < 2; i++) await hasAsked(await anAcceptedOrder());
});

test('goes on after a sweep that failed', async () => {
  let failures = 0;
  class FailingSagas extends Sagas {
    override async resume(order: OrderToPay): Promise<boolean> {
      if (failures++ === 0) throw new TemporalUnavailableError('Temporal is away');
      return super.resume(order);
    }
  }
  const order = await anAcceptedOrder();

  startSweeper({ sagas: new FailingSagas(temporal, TERMS), examineAgainMs: 0 });

  await hasAsked(order);
});

test('starts sagas also once Temporal has lost its store, and with it what sagas are searched by', async () => {
  const order = await anAcceptedOrder();
  const searchAttributes = ['CustomerId', 'OrderStatus', 'OrderTotal'];
  await temporal.call(({ connection, options: { namespace } }) =>
    (connection as NativeConnection).operatorService.removeSearchAttributes({ namespace, searchAttributes }),
  );
  const list = () =>
    temporal.call(({ workflowService, options: { namespace } }) =>
      workflowService.listWorkflowExecutions({ namespace, query: "OrderStatus = 'placed'" }),
    );
  await eventually(() => expect(list()).rejects.toThrow('OrderStatus')); // it takes the server a moment to forget

  startSweeper({ examineAgainMs: 0 });

  await hasAsked(order);
});

test('claims nothing while Temporal is away', async () => {
  const { orderId } = await anAcceptedOrder();
  const before = await database.order.findUnique({ where: { orderId } });
  let looks = 0;
  const away = {
    get isUp() {
      looks++;
      return false;
    },
  };
  startSweeper({ temporal: away });
  await eventually(() => expect(looks).toBeGreaterThan(2)); // a sweep would be done by now

  expect(await database.order.findUnique({ where: { orderId } })).toEqual(before);
});

/** An order that ended unpaid, whatever its saga was told of. */
async function anUnpaidOrder(): Promise<OrderToPay> {
  const order = await anAcceptedOrder();
  await startSaga(order);
  await cancelOrder(database, order.orderId, { code: 'payment-timeout', reason: 'No answer.' });
  return order;
}

/** A payment that settled nothing. */
async function aPayment(): Promise<RefundInput> {
  const { orderId } = await anAcceptedOrder();
  await shipOrder(database, orderId, randomUUID());
  const refund = { orderId, paymentId: randomUUID() };
  await recordRefundDue(database, refund);
  return refund;
}

async function sweepRefunds(): Promise<void> {
  await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });
  await aSweeper().sweep();
}

const terminate = (workflowId: string): Promise<unknown> =>
  temporal.call(({ workflow }) => workflow.getHandle(workflowId).terminate());

describe('a refund that is due', () => {
  test('is started where it is unknown to Temporal, and noted until it has ended', async () => {
    const refund = await aPayment();
    await sweepRefunds();
    expect(await sagas().stateOfRefund(refund)).toBe('RUNNING'); // nobody works on payments here
    await sweepRefunds();
    expect(await database.refundDue.count()).toBe(1);

    await terminate(refundWorkflowId(refund));
    await sweepRefunds();

    expect(await database.refundDue.count()).toBe(0);
    expect(await sagas().stateOfRefund(refund)).toBe('ENDED EARLY');
  });

  test('of an unpaid order is left to its saga while that runs, and forgotten when it has completed', async () => {
    const order = await anUnpaidOrder();
    await sweepRefunds();
    expect(await database.refundDue.count()).toBe(1);

    await sagas().signalCancel(order.orderId);
    await (await sagaOf(order)).result();
    await sweepRefunds();

    expect(await database.refundDue.count()).toBe(0);
    expect(await sagas().stateOfRefund({ orderId: order.orderId })).toBe('UNKNOWN');
  });

  test('of an unpaid order is started where its saga was broken off, with what it was told', async () => {
    const order = await anUnpaidOrder();
    await terminate(orderWorkflowId(order.orderId));

    await sweepRefunds();

    expect(await sagas().stateOfRefund({ orderId: order.orderId })).toBe('RUNNING');
  });

  test.each([
    ['a moment', '0', 30_000],
    ['ten minutes', '10 minutes', 150_000],
    ['three days', '3 days', HOUR_MS],
  ])('and still runs is looked at again the later the longer it is due: %s', async (_, age, againMs) => {
    await sagas().refund(await aPayment());
    await database.$executeRaw`UPDATE refunds_due SET examine_after = now(), noted_at = now() - ${age}::interval`;

    await aSweeper({ examineAgainMs: 30_000 }).sweep();

    const { examineAfter } = await database.refundDue.findFirstOrThrow();
    expect(Math.abs(Number(examineAfter) - Date.now() - againMs)).toBeLessThan(15_000);
  });

  test('does not keep orders waiting that are due, nor they it, however many there are', async () => {
    const { orderId } = await aPayment();
    await database.refundDue.deleteMany(); // that payment's own would come due meanwhile
    await database.$executeRaw`
      INSERT INTO refunds_due (refund_id, order_id, examine_after)
      SELECT gen_random_uuid(), ${orderId}::uuid, now() FROM generate_series(1, 1100)`;
    class RunningRefunds extends Sagas {
      override stateOfRefund = async () => 'RUNNING' as const;
    }
    const sweeper = aSweeper({ sagas: new RunningRefunds(temporal, TERMS) });

    expect(await sweeper.sweep()).toBe(1_000);
    expect(await sweeper.sweep()).toBe(100);
  });

  test('and cannot be examined is told as such', async () => {
    const refund = await aPayment();
    await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });
    class BrokenSagas extends Sagas {
      override stateOfRefund = () => Promise.reject(new Error('as the test wants'));
    }
    const lines: object[] = [];
    const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });

    await aSweeper({ sagas: new BrokenSagas(temporal, TERMS), log }).sweep();

    expect(lines).toMatchObject([{ refund, msg: 'refund cannot be examined' }]);
  });

  test('is looked after by one of two sweepers', async () => {
    for (let i = 0; i < 10; i++) await aPayment();
    await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });

    const examined = await Promise.all([aSweeper().sweep(), aSweeper().sweep()]);

    expect(examined.reduce((sum, n) => sum + n)).toBe(10);
  });
});
