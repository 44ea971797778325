import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { anAnswer, anOrder, eventually, SagaWorkers } from '../test/saga-workers';
import { cancelRequested, paymentSettled, sagaStatus } from './contract';

// The saga itself, on a real Temporal server; what its activities do to a database is tested beside them.
let sagas: SagaWorkers;
beforeAll(async () => {
  sagas = await SagaWorkers.start('place-order');
});
afterEach(() => sagas.keepHistories(expect.getState().currentTestName ?? ''));
afterAll(() => sagas.stop());

describe('over RabbitMQ', () => {
  test('ships an order whose payment succeeds', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer({ paymentId: 'pay-1' })));

    await expect(sagas.run(order)).resolves.toEqual({
      orderStatus: 'shipped',
      paymentStatus: 'success',
      paymentId: 'pay-1',
    });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'shipOrder pay-1']);
    expect(await sagas.startedRefunds(order)).toEqual([]);
  });

  test('ships an order in one workflow task by an answer that comes at once, which settles it on its way', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer({ paymentId: 'pay-now' }));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: 'pay-now' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'shipOrder pay-now']);
    expect(await sagas.workflowTasksOf(order)).toBe(1);
  });

  test('cancels an order in one workflow task by a decline that comes at once', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer({ success: false, reason: 'total amount over $1000' }));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder failed']);
    expect(await sagas.workflowTasksOf(order)).toBe(1);
  });

  test('refunds a payment that succeeds at once although the customer has cancelled', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    sagas.shop.onRequest(order, async () => anAnswer({ paymentId: 'pay-in-vain' }));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual(['refund-pay-in-vain']);
  });

  test('takes an answer once that comes at once and as a signal, and refunds another', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      for (const paymentId of ['pay-both-ways', 'pay-other'])
        await saga.signal(paymentSettled, anAnswer({ paymentId }));
      return anAnswer({ paymentId: 'pay-both-ways' });
    });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: 'pay-both-ways' });
    expect(await sagas.startedRefunds(order)).toEqual(['refund-pay-other']);
  });

  test('cancels an order whose payment is declined', async () => {
    const order = anOrder();
    const declined = anAnswer({ success: false, reason: 'total amount over $1000' });
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, declined));

    await expect(sagas.run(order)).resolves.toEqual({
      orderStatus: 'cancelled',
      paymentStatus: 'failed',
      paymentId: declined.paymentId,
    });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder failed']);
  });

  test('asks again when no answer comes', async () => {
    const order = anOrder({ payment: { asks: 3, askTimeoutMs: 300 } });
    sagas.shop.onRequest(order, async (saga, ask) => {
      if (ask === 2) await saga.signal(paymentSettled, anAnswer());
    });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
    expect(sagas.shop.callsFor(order).filter((call) => call === 'requestPayment')).toHaveLength(2);
  });

  test('gives up, and gives the stock back, when no answer ever comes', async () => {
    const order = anOrder({ payment: { asks: 2, askTimeoutMs: 200 } });

    await expect(sagas.run(order)).resolves.toEqual({
      orderStatus: 'cancelled',
      paymentStatus: 'cancelled',
      paymentId: null,
    });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'requestPayment', 'cancelOrder cancelled']);
  });

  test('cancels an order while its payment is awaited', async () => {
    const order = anOrder();
    const saga = await sagas.start(order);
    await sagas.shop.called(order, 'requestPayment');
    await expect(saga.query(sagaStatus)).resolves.toEqual({ stage: 'awaiting payment', settlement: null, answers: [] });

    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder cancelled']);
  });

  test('refunds a payment that succeeds although the customer has cancelled', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order); // the row says so before the saga hears of it
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer({ paymentId: 'pay-late' })));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order).slice(0, 3)).toEqual([
      'requestPayment',
      'shipOrder pay-late',
      'noteRefund pay-late',
    ]);
    expect(await sagas.startedRefunds(order)).toEqual(['refund-pay-late']);
    await sagas.refunded('refund-pay-late');
  });

  test('starts no refund before it is noted', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    sagas.shop.failing(order, 'noteRefund', Infinity);
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));
    const saga = await sagas.start(order);
    await sagas.shop.called(order, expect.stringMatching(/^shipOrder/));
    await eventually(async () => expect(await sagas.workflowTasksOf(order)).toBeGreaterThanOrEqual(2));

    expect(await sagas.startedRefunds(order)).toEqual([]);
    await expect(saga.describe()).resolves.toMatchObject({ status: { name: 'RUNNING' } });
    await saga.terminate();
  });

  test('takes a repeated answer once, and refunds a second payment for the same order', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      for (const paymentId of ['pay-first', 'pay-first', 'pay-second']) {
        await saga.signal(paymentSettled, anAnswer({ paymentId }));
      }
    });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: 'pay-first' });
    expect(sagas.shop.callsFor(order).slice(0, 2)).toEqual(['requestPayment', 'shipOrder pay-first']);
    expect(await sagas.startedRefunds(order)).toEqual(['refund-pay-second']);
  });

  test('leaves a refund alone that somebody else has started', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    await sagas.startRefund({ orderId: order.orderId, paymentId: 'pay-known' });
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer({ paymentId: 'pay-known' })));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(sagas.shop.refundsOf('pay-known')).toBe(1);
  });

  test('gives the stock back when an operator cancels the saga', async () => {
    const order = anOrder();
    const saga = await sagas.start(order);
    await sagas.shop.called(order, 'requestPayment');

    await saga.cancel();

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder cancelled']);
  });

  test('retries a step for as long as its database or broker is away', async () => {
    const order = anOrder();
    sagas.shop.failing(order, 'requestPayment', 2);
    sagas.shop.failing(order, 'shipOrder', 5); // past the local retry threshold, into timers of the workflow
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
  });

  test('hears a cancel while the broker is away', async () => {
    const order = anOrder();
    sagas.shop.failing(order, 'requestPayment', Infinity);
    const saga = await sagas.start(order);
    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
  });

  test('has refunded what may have been charged for a request that the broker never confirmed', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, () => Promise.reject(new Error('RabbitMQ does not confirm')));
    const saga = await sagas.start(order);
    await sagas.shop.called(order, 'requestPayment');
    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(
      sagas.shop
        .callsFor(order)
        .filter((call) => call !== 'requestPayment')
        .slice(0, 2),
    ).toEqual(['cancelOrder cancelled', 'noteRefund of the order']);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });

  test('has refunded what a lost first task may have asked for, where the cancel is all that the next one knows', async () => {
    const order = anOrder();
    const saga = await sagas.startCancelled(order);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });

  test('does not swallow a compensation that fails: it is retried until it succeeds', async () => {
    const order = anOrder();
    sagas.shop.failing(order, 'cancelOrder', 4);
    sagas.shop.onRequest(order, async (saga) =>
      saga.signal(paymentSettled, anAnswer({ success: false, reason: 'no' })),
    );

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect(sagas.shop.callsFor(order).at(-1)).toBe('cancelOrder failed');
  });

  test('compensates, then fails, when a step fails for good', async () => {
    const order = anOrder();
    sagas.shop.breaking(order, 'shipOrder');
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer({ paymentId: 'pay-broken' })));

    const failure = await sagas.run(order).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect((failure as WorkflowFailedError).cause).not.toBeInstanceOf(CancelledFailure);
    expect(sagas.shop.callsFor(order).slice(0, 4)).toEqual([
      'requestPayment',
      'shipOrder pay-broken',
      'cancelOrder cancelled',
      'noteRefund pay-broken',
    ]);
    expect(await sagas.startedRefunds(order)).toEqual(['refund-pay-broken']);
  });
});

describe('over the activity channel', () => {
  const payment = { channel: 'activity', asks: 2, askTimeoutMs: 20_000 } as const;

  test('ships an order whose payment succeeds', async () => {
    const order = anOrder({ payment });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentStatus: 'success' });
    expect(sagas.shop.callsFor(order)).toEqual(['processPayment', expect.stringMatching(/^shipOrder /)]);
  });

  test('cancels an order whose payment is declined', async () => {
    const order = anOrder({ payment, totalAmount: '1000.01' });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect(sagas.shop.callsFor(order)).toEqual(['processPayment', 'cancelOrder failed']);
  });

  test('voids the payment when the payment service does not answer in time', async () => {
    const order = anOrder({ payment: { ...payment, askTimeoutMs: 500 } });
    sagas.shop.failing(order, 'processPayment', Infinity);

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order).slice(-2)).toEqual(['cancelOrder cancelled', 'refundPayment']);
  });

  test('voids the payment when the customer cancels while it is under way', async () => {
    const order = anOrder({ payment });
    sagas.shop.failing(order, 'processPayment', Infinity);
    const saga = await sagas.start(order);
    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order).at(-1)).toBe('refundPayment');
  });
});

describe('resumed', () => {
  test('ends at its first step when the order is settled', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.settleRow(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId: 'pay-before' });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: 'pay-before' });
    expect(sagas.shop.callsFor(order)).toEqual(['resumeOrder']);
  });

  test('asks for the payment of an order that is still placed', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
    expect(sagas.shop.callsFor(order).slice(0, 2)).toEqual(['resumeOrder', 'requestPayment']);
  });

  test('takes an answer that came while no saga ran, and asks for no second payment', async () => {
    const order = anOrder({ resumed: true, answers: [anAnswer({ paymentId: 'pay-waiting' })] });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: 'pay-waiting' });
    expect(sagas.shop.callsFor(order)).toEqual(['resumeOrder', 'shipOrder pay-waiting']);
  });

  test('refunds an answer that came while no saga ran, for an order cancelled meanwhile', async () => {
    const order = anOrder({ resumed: true, answers: [anAnswer({ paymentId: 'pay-missed' })] });
    sagas.shop.settleRow(order, { orderStatus: 'cancelled', paymentStatus: 'cancelled', paymentId: null });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual(['refund-pay-missed']);
  });

  test('cancels an order that its customer cancelled while no saga ran', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.cancelRow(order);

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order).slice(0, 2)).toEqual(['resumeOrder', 'cancelOrder cancelled']);
  });

  test('has refunded whatever an earlier run was told of, where the order ends unpaid', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.cancelRow(order);

    await sagas.run(order);

    expect(sagas.shop.callsFor(order).slice(2, 3)).toEqual(['noteRefund of the order']);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });
});

test('records how the order ended for those who list sagas', async () => {
  const order = anOrder();
  sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));
  const saga = await sagas.start(order);
  await saga.result();

  const { typedSearchAttributes } = await saga.describe();
  expect(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toContainEqual([
    'OrderStatus',
    'shipped',
  ]);
  await expect(saga.query(sagaStatus)).resolves.toMatchObject({ stage: 'settled' });
});
