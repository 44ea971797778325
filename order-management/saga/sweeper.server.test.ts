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
import { requestRefund } from '../orders/request-refund';
import { cancelOrder, shipOrder } from '../orders/settle-order';
import type { Adoptable } from '../orders/unsettled-orders';
import { eventually } from '../../test/eventually';
import { createNamespace, createShopDatabase } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { createOrderActivities } from './activities';
import { Settlements } from '../orders/settlements';
import { PaymentHandover } from './fast-path/payment-handover';
import { registerSearchAttributes } from './register-search-attributes';
import { Sagas, type OrderToPay } from './sagas';
import { Sweeper, type SweeperOptions } from './sweeper';

// Uses real sagas and real rows. No payment request is answered, so a started saga waits.
const HOUR_MS = 3_600_000;
const TERMS = { channel: 'events', maxRequests: 1, answerTimeoutMs: HOUR_MS } as const;

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let temporal: Temporal;
const settlements = new Settlements();
let paymentRequests: object[] = [];
const running: Sweeper[] = [];
beforeAll(async () => {
  installTemporalRuntime(silentLog);
  shop = await createShopDatabase('sweeper');
  database = connectOrders(shop.ordersUrl, { poolSize: 5 });
  const { address, namespace } = await createNamespace('sweeper');
  const broker = { send: async (_route: object, message: object) => void paymentRequests.push(message) };
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
  await database.order.updateMany({ data: { orderStatus: 'failed' } }); // no order remains due
  await database.refundDue.deleteMany();
  paymentRequests = [];
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
    adoption: adopting('all'),
    ...options,
  });

/** Starts a sweeper, which runs until the end of the test. */
function startSweeper(options: Partial<SweeperOptions> = {}): void {
  const sweeper = aSweeper(options);
  running.push(sweeper);
  sweeper.start();
}

/** Accepts an order that is due for a check. Does not start its saga. */
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

/** Returns a handle of the latest run of an order's saga. */
const sagaOf = ({ orderId }: OrderToPay) =>
  temporal.call(async ({ workflow }): Promise<WorkflowHandle<typeof placeOrder>> =>
    workflow.getHandle<typeof placeOrder>(orderWorkflowId(orderId)),
  );

const describeSaga = async (order: OrderToPay) => {
  const { runId, status } = await (await sagaOf(order)).describe();
  return { runId, status: status.name };
};

/** Counts the payment requests for an order. Each run of its saga sends one. */
const countRequests = ({ orderId }: OrderToPay): number =>
  paymentRequests.filter((message) => 'orderId' in message && message.orderId === orderId).length;

/** Waits until the saga of an order has requested its payment. */
const waitForRequest = (order: OrderToPay, times = 1): Promise<void> =>
  eventually(() => expect(countRequests(order)).toBe(times));

async function startSaga(order: OrderToPay): Promise<{ runId: string }> {
  await sagas().start(order);
  await waitForRequest(order);
  return describeSaga(order);
}

test('starts the saga of an order that has none', async () => {
  const order = await anAcceptedOrder();

  await aSweeper().sweep();

  await waitForRequest(order);
  expect(await describeSaga(order)).toMatchObject({ status: 'RUNNING' });
  const { orderId, customerId } = order;
  expect(paymentRequests).toEqual([{ orderId, customerId, totalAmount: 90 }]);
});

test('starts a new saga for a placed order whose saga was terminated', async () => {
  const order = await anAcceptedOrder();
  const { runId } = await startSaga(order);
  await (await sagaOf(order)).terminate();

  await aSweeper().sweep();

  await waitForRequest(order, 2);
  const resumed = await describeSaga(order);
  expect(resumed.status).toBe('RUNNING');
  expect(resumed.runId).not.toBe(runId);
});

test('does not restart or signal a running saga', async () => {
  const order = await anAcceptedOrder();
  const { runId } = await startSaga(order);

  expect(await aSweeper().sweep()).toBe(1);

  expect(await describeSaga(order)).toEqual({ runId, status: 'RUNNING' });
  expect((await (await sagaOf(order)).fetchHistory()).events).not.toContainEqual(
    expect.objectContaining({ workflowExecutionSignaledEventAttributes: expect.anything() }),
  );
});

test('signals a cancel again whose signal was lost', async () => {
  const order = await anAcceptedOrder();
  await startSaga(order);
  await requestCancel(database, order.orderId);

  await aSweeper().sweep();

  await expect((await sagaOf(order)).result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
  const product = await database.product.findUnique({ where: { productId: order.productId } });
  expect(product?.quantityAvailable).toBe(25);
});

test('cancels an order whose customer cancelled while no saga ran, without a payment request', async () => {
  const order = await anAcceptedOrder();
  await requestCancel(database, order.orderId);

  await aSweeper().sweep();

  await expect((await sagaOf(order)).result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
  expect(countRequests(order)).toBe(0);
});

test('does not check an order that is settled or not due yet', async () => {
  const [settled, notDue] = [await anAcceptedOrder(), await anAcceptedOrder()];
  await shipOrder(database, settled.orderId, randomUUID());
  await database.order.update({
    where: { orderId: notDue.orderId },
    data: { examineAfter: new Date(Date.now() + HOUR_MS) },
  });

  expect(await aSweeper().sweep()).toBe(0);
});

test('starts no saga for an order that was settled after the claim', async () => {
  const orders = [await anAcceptedOrder(), await anAcceptedOrder()];
  const resumed: string[] = [];
  // Both orders are claimed already. While the first one is checked, the other one is shipped.
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

test('checks each order once when two sweepers run concurrently', async () => {
  const orders: OrderToPay[] = [];
  for (let i = 0; i < 10; i++) orders.push(await anAcceptedOrder());

  const examined = await Promise.all([aSweeper().sweep(), aSweeper().sweep()]);

  expect(examined.reduce((sum, n) => sum + n)).toBe(10);
  for (const order of orders) await waitForRequest(order);
});

test('skips an order that another transaction has locked', async () => {
  const { orderId } = await anAcceptedOrder();

  await database.$transaction(async (other) => {
    await other.$queryRaw`SELECT FROM orders WHERE order_id = ${orderId}::uuid FOR UPDATE`;
    expect(await aSweeper().sweep()).toBe(0);
  });
});

test('starts one saga when two sweepers check the same order concurrently', async () => {
  const order = await anAcceptedOrder();

  // This happens if the first sweeper is so slow that its claim expires.
  const started = await Promise.all([sagas().resume(order), sagas().resume(order)]);

  expect(started.toSorted()).toEqual([false, true]);
  await waitForRequest(order);
});

test('checks the other orders when one cannot be checked', async () => {
  const orders = [await anAcceptedOrder(), await anAcceptedOrder(), await anAcceptedOrder()];
  let failing: string | undefined; // the first order that the sweeper checks
  class OneFailingSagas extends Sagas {
    override async resume(order: OrderToPay): Promise<boolean> {
      failing ??= order.orderId;
      if (order.orderId === failing) throw new Error('the memo is too large');
      return super.resume(order);
    }
  }

  startSweeper({ sagas: new OneFailingSagas(temporal, TERMS) });

  await eventually(() => expect(paymentRequests).toHaveLength(orders.length - 1));
});

/** Accepts an order and makes it one that the original left `placed`. */
async function anOrderOfTheOriginal(): Promise<OrderToPay & { productId: string }> {
  const order = await anAcceptedOrder();
  await database.$executeRaw`
    UPDATE products SET quantity_available = quantity_available + 2 WHERE product_id = ${order.productId}::uuid`;
  await database.$executeRaw`UPDATE orders SET stock_taken_at = NULL WHERE order_id = ${order.orderId}::uuid`;
  return order;
}

const adopting = (which: Adoptable, reason = ''): SweeperOptions['adoption'] => ({
  check: async () => ({ which, reason }),
});

const decide = ({ orderId }: OrderToPay, data: object) => database.order.update({ where: { orderId }, data });

describe('an order of the original', () => {
  test('is adopted only when adoption is allowed; other orders are checked in any case', async () => {
    const [own, original] = [await anAcceptedOrder(), await anOrderOfTheOriginal()];

    expect(await aSweeper({ adoption: adopting('none') }).sweep()).toBe(1);
    await waitForRequest(own);
    expect(await aSweeper({ adoption: adopting('all') }).sweep()).toBe(1);
    await waitForRequest(original);
  });

  test('is adopted after its release, while the others are held', async () => {
    const [released, held] = [await anOrderOfTheOriginal(), await anOrderOfTheOriginal()];
    await decide(released, { releasedAt: new Date() });

    expect(await aSweeper({ adoption: adopting('none') }).sweep()).toBe(0);
    expect(await aSweeper({ adoption: adopting('released') }).sweep()).toBe(1);

    await waitForRequest(released);
    expect(countRequests(held)).toBe(0);
  });

  test('is shipped without a payment request if an operator records its payment', async () => {
    const order = await anOrderOfTheOriginal();
    const paymentId = randomUUID();
    await decide(order, { paymentId });

    expect(await aSweeper({ adoption: adopting('none') }).sweep()).toBe(1);

    await expect((await sagaOf(order)).result()).resolves.toMatchObject({ orderStatus: 'shipped', paymentId });
    expect(countRequests(order)).toBe(0);
    const product = await database.product.findUnique({ where: { productId: order.productId } });
    expect(product?.quantityAvailable).toBe(23);
  });

  test('is cancelled without a payment request if its customer or an operator cancels it', async () => {
    const order = await anOrderOfTheOriginal();
    await requestCancel(database, order.orderId);

    expect(await aSweeper({ adoption: adopting('none') }).sweep()).toBe(1);

    await expect((await sagaOf(order)).result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(countRequests(order)).toBe(0);
    const product = await database.product.findUnique({ where: { productId: order.productId } });
    expect(product?.quantityAvailable).toBe(25);
  });

  test('is logged while it waits, and again only if something changes', async () => {
    await anOrderOfTheOriginal();
    const lines: object[] = [];
    const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
    const sweeper = aSweeper({ adoption: adopting('none', 'the test says so'), log });

    for (let sweeps = 0; sweeps < 3; sweeps++) await sweeper.sweep();
    expect(lines).toMatchObject([{ held: 1, released: 0, reason: 'the test says so' }]);

    await anOrderOfTheOriginal();
    await sweeper.sweep();
    expect(lines[1]).toMatchObject({ held: 2 });
  });

  test('is not logged as waiting if every such order is released and may be adopted', async () => {
    await decide(await anOrderOfTheOriginal(), { releasedAt: new Date() });
    const lines: unknown[] = [];
    const log = pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: unknown }).msg) });

    expect(await aSweeper({ adoption: adopting('released', 'the others are held'), log }).sweep()).toBe(1);

    expect(lines.filter((line) => String(line).includes('wait for their adoption'))).toEqual([]);
  });
});

test('sweeps repeatedly', async () => {
  startSweeper();

  for (let i = 0; i < 2; i++) await waitForRequest(await anAcceptedOrder());
});

test('continues after a sweep that failed', async () => {
  let failures = 0;
  class FailingSagas extends Sagas {
    override async resume(order: OrderToPay): Promise<boolean> {
      if (failures++ === 0) throw new TemporalUnavailableError('Temporal is unavailable');
      return super.resume(order);
    }
  }
  const order = await anAcceptedOrder();

  startSweeper({ sagas: new FailingSagas(temporal, TERMS), examineAgainMs: 0 });

  await waitForRequest(order);
});

test('logs an error of the program as an error', async () => {
  const withoutTables = new URL(shop.ordersUrl);
  withoutTables.searchParams.set('schema', 'empty');
  const other = connectOrders(withoutTables.toString(), { poolSize: 1 });
  const lines: object[] = [];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });

  startSweeper({ database: other, log });

  await eventually(() => expect(lines).toContainEqual(expect.objectContaining({ level: 50, msg: 'sweep failed' })));
  for (const sweeper of running.splice(0)) await sweeper.stop();
  await other.$disconnect();
});

test('starts sagas after Temporal has lost its search attributes together with its store', async () => {
  const order = await anAcceptedOrder();
  const searchAttributes = ['CustomerId', 'OrderStatus', 'OrderTotal'];
  await temporal.call(({ connection, options: { namespace } }) =>
    (connection as NativeConnection).operatorService.removeSearchAttributes({ namespace, searchAttributes }),
  );
  const list = () =>
    temporal.call(({ workflowService, options: { namespace } }) =>
      workflowService.listWorkflowExecutions({ namespace, query: "OrderStatus = 'placed'" }),
    );
  await eventually(() => expect(list()).rejects.toThrow('OrderStatus')); // the server removes attributes asynchronously

  startSweeper({ examineAgainMs: 0 });

  await waitForRequest(order);
});

test('claims nothing while Temporal is unavailable', async () => {
  const { orderId } = await anAcceptedOrder();
  const rowBefore = await database.order.findUnique({ where: { orderId } });
  let checks = 0;
  const unavailable = {
    get isUp() {
      checks++;
      return false;
    },
  };
  startSweeper({ temporal: unavailable });
  await eventually(() => expect(checks).toBeGreaterThan(2)); // by now a sweep would have claimed the order

  expect(await database.order.findUnique({ where: { orderId } })).toEqual(rowBefore);
});

/** Creates an order that ended unpaid while its saga runs. */
async function anUnpaidOrder(): Promise<OrderToPay> {
  const order = await anAcceptedOrder();
  await startSaga(order);
  await cancelOrder(database, order.orderId, { code: 'payment-timeout', reason: 'No answer.' });
  return order;
}

/** Records a refund that is due for a payment that did not settle its order. */
async function aDueRefund(): Promise<RefundInput> {
  const { orderId } = await anAcceptedOrder();
  await shipOrder(database, orderId, randomUUID());
  const refund = { orderId, paymentId: randomUUID() };
  await recordRefundDue(database, refund);
  return refund;
}

/** Ships an order, and records that a person requested the refund of its payment. */
async function aRefundByHand(): Promise<RefundInput> {
  const { orderId } = await anAcceptedOrder();
  await shipOrder(database, orderId, randomUUID());
  const requested = await requestRefund(database, orderId, 'damaged');
  if (requested.outcome !== 'due') throw new Error(requested.outcome);
  return requested.refund;
}

async function sweepRefunds(): Promise<void> {
  await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });
  await aSweeper().sweep();
}

const terminate = (workflowId: string): Promise<unknown> =>
  temporal.call(({ workflow }) => workflow.getHandle(workflowId).terminate());

describe('a due refund', () => {
  test('is started if Temporal does not know it, and stays recorded until it has ended', async () => {
    const refund = await aDueRefund();
    await sweepRefunds();
    expect(await sagas().stateOfRefund(refund)).toBe('RUNNING'); // no payment worker runs in this test
    await sweepRefunds();
    expect(await database.refundDue.count()).toBe(1);

    await terminate(refundWorkflowId(refund));
    await sweepRefunds();

    expect(await database.refundDue.count()).toBe(0);
    expect(await sagas().stateOfRefund(refund)).toBe('ENDED EARLY');
  });

  test('is started again if another client has started its workflow with an invalid input', async () => {
    const refund = await aDueRefund();
    // Any workflow that fails: the worker of refunds does not run in this test.
    const failing = { workflowId: refundWorkflowId(refund), taskQueue: ORDER_TASK_QUEUE, args: [null] };
    await temporal.call(({ workflow }) => workflow.start('placeOrder', failing));
    await eventually(async () => expect(await sagas().stateOfRefund(refund)).toBe('FAILED'));

    await sweepRefunds();

    expect(await sagas().stateOfRefund(refund)).toBe('RUNNING');
    expect(await database.refundDue.count()).toBe(1);
  });

  test('that its workflow has completed without a record is recorded with the order', async () => {
    const refund = await aRefundByHand();
    class CompletedRefunds extends Sagas {
      override stateOfRefund = async () => 'COMPLETED' as const;
    }
    await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });

    await aSweeper({ sagas: new CompletedRefunds(temporal, TERMS) }).sweep();

    const { orderId } = refund;
    await expect(database.order.findUnique({ where: { orderId } })).resolves.toMatchObject({
      orderStatus: 'shipped',
      paymentStatus: 'refunded',
    });
    expect(await database.refundDue.count()).toBe(0);
  });

  test('that a person requested is started with the reason', async () => {
    const refund = await aRefundByHand();

    await sweepRefunds();

    const description = await temporal.call(({ workflow }) => workflow.getHandle(refundWorkflowId(refund)).describe());
    await expect(description.staticSummary()).resolves.toBe(
      `Refund payment ${refund.paymentId}, requested by hand: damaged`,
    );
  });

  test('that a person requested again after an operator had ended it is started again', async () => {
    const refund = await aRefundByHand();
    await sweepRefunds();
    await terminate(refundWorkflowId(refund));
    await sweepRefunds();
    expect(await database.refundDue.count()).toBe(0);

    await requestRefund(database, refund.orderId, 'damaged after all');
    await sweepRefunds();

    expect(await sagas().stateOfRefund(refund)).toBe('RUNNING');
    expect(await database.refundDue.count()).toBe(1);
  });

  test('of an unpaid order is left to the running saga, and deleted when the saga has completed', async () => {
    const order = await anUnpaidOrder();
    await sweepRefunds();
    expect(await database.refundDue.count()).toBe(1);

    await sagas().signalCancel(order.orderId);
    await (await sagaOf(order)).result();
    await sweepRefunds();

    expect(await database.refundDue.count()).toBe(0);
    expect(await sagas().stateOfRefund({ orderId: order.orderId })).toBe('UNKNOWN');
  });

  test('of an unpaid order is started if its saga was terminated', async () => {
    const order = await anUnpaidOrder();
    await terminate(orderWorkflowId(order.orderId));

    await sweepRefunds();

    expect(await sagas().stateOfRefund({ orderId: order.orderId })).toBe('RUNNING');
  });

  test.each([
    ['none', '0', 30_000],
    ['ten minutes', '10 minutes', 150_000],
    ['three days', '3 days', HOUR_MS],
  ])(
    'that still runs is checked again after a quarter of its age, within limits (age: %s)',
    async (_, age, expectedDelayMs) => {
      await sagas().refund(await aDueRefund());
      await database.$executeRaw`UPDATE refunds_due SET examine_after = now(), noted_at = now() - ${age}::interval`;

      await aSweeper({ examineAgainMs: 30_000 }).sweep();

      const { examineAfter } = await database.refundDue.findFirstOrThrow();
      expect(Math.abs(Number(examineAfter) - Date.now() - expectedDelayMs)).toBeLessThan(15_000);
    },
  );

  test('is left to the next sweep if a thousand others are due first', async () => {
    const { orderId } = await aDueRefund();
    await database.refundDue.deleteMany(); // that refund would become due during the test
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

  test('that cannot be checked is logged as a refund', async () => {
    const refund = await aDueRefund();
    await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });
    class BrokenSagas extends Sagas {
      override stateOfRefund = () => Promise.reject(new Error('failed by the test'));
    }
    const lines: object[] = [];
    const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });

    await aSweeper({ sagas: new BrokenSagas(temporal, TERMS), log }).sweep();

    expect(lines).toMatchObject([{ refund, msg: 'refund cannot be checked' }]);
  });

  test('is checked by one of two concurrent sweepers', async () => {
    for (let i = 0; i < 10; i++) await aDueRefund();
    await database.refundDue.updateMany({ data: { examineAfter: new Date(0) } });

    const examined = await Promise.all([aSweeper().sweep(), aSweeper().sweep()]);

    expect(examined.reduce((sum, n) => sum + n)).toBe(10);
  });
});
