import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { aCancelledSettlement, anAnswer, anOrder, eventually, paymentNamed, SagaWorkers } from '../test/saga-workers';
import { cancelRequested, paymentSettled, sagaStatus, type PlaceOrderInput } from './contract';

// Tests the saga on a real Temporal server. The tests of the activities cover their effects on a database.
let sagas: SagaWorkers;
beforeAll(async () => {
  sagas = await SagaWorkers.start('place-order');
});
// Skips the tests of what operators see: other tests record the same paths.
afterEach(() =>
  sagas.recordHistories(expect.getState().currentTestName ?? '', {
    skip: /^(what operators see|given an invalid input)/,
  }),
);
afterAll(() => sagas.stop());

describe('over RabbitMQ', () => {
  test('ships an order whose payment succeeds', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) =>
      saga.signal(paymentSettled, anAnswer({ paymentId: paymentNamed('1') })),
    );

    await expect(sagas.run(order)).resolves.toEqual({
      orderStatus: 'shipped',
      paymentStatus: 'success',
      paymentId: paymentNamed('1'),
      cancellation: null,
    });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', `shipOrder ${paymentNamed('1')}`]);
    expect(await sagas.startedRefunds(order)).toEqual([]);
  });

  test('ships an order in one workflow task if the answer is the result of the request', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer({ paymentId: paymentNamed('now') }));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: paymentNamed('now') });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', `shipOrder ${paymentNamed('now')}`]);
    expect(await sagas.countWorkflowTasks(order)).toBe(1);
  });

  test('cancels an order in one workflow task if a decline is the result of the request', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer({ success: false, reason: 'total amount over $1000' }));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder payment-declined']);
    expect(await sagas.countWorkflowTasks(order)).toBe(1);
  });

  test('refunds a payment that is the result of the request of a cancelled order', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    sagas.shop.onRequest(order, async () => anAnswer({ paymentId: paymentNamed('in-vain') }));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${paymentNamed('in-vain')}`]);
  });

  test('counts an answer once that is both a result and a signal, and refunds another payment', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      for (const paymentId of ['both-ways', 'other'].map(paymentNamed))
        await saga.signal(paymentSettled, anAnswer({ paymentId }));
      return anAnswer({ paymentId: paymentNamed('both-ways') });
    });

    await expect(sagas.run(order)).resolves.toMatchObject({
      orderStatus: 'shipped',
      paymentId: paymentNamed('both-ways'),
    });
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${paymentNamed('other')}`]);
  });

  test('cancels an order whose payment is declined', async () => {
    const order = anOrder();
    const declined = anAnswer({ success: false, reason: 'total amount over $1000' });
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, declined));

    await expect(sagas.run(order)).resolves.toEqual({
      orderStatus: 'cancelled',
      paymentStatus: 'failed',
      paymentId: declined.paymentId,
      cancellation: { code: 'payment-declined', reason: 'total amount over $1000' },
    });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder payment-declined']);
  });

  test('requests the payment again when no answer arrives', async () => {
    const order = anOrder({ payment: { maxRequests: 3, answerTimeoutMs: 300 } });
    sagas.shop.onRequest(order, async (saga, attempt) => {
      if (attempt === 2) await saga.signal(paymentSettled, anAnswer());
    });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
    expect(sagas.shop.callsFor(order).filter((call) => call === 'requestPayment')).toHaveLength(2);
  });

  test('cancels the order when no request is answered', async () => {
    const order = anOrder({ payment: { maxRequests: 2, answerTimeoutMs: 200 } });

    const reason = 'No answer to 2 payment requests within 0.2 s each.';
    await expect(sagas.run(order)).resolves.toEqual(
      aCancelledSettlement({ cancellation: { code: 'payment-timeout', reason } }),
    );
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'requestPayment', 'cancelOrder payment-timeout']);
  });

  test('cancels an order while it waits for its payment', async () => {
    const order = anOrder();
    const saga = await sagas.start(order);
    await sagas.shop.waitForCall(order, 'requestPayment');
    await expect(saga.query(sagaStatus)).resolves.toMatchObject({
      stage: 'awaiting payment',
      settlement: null,
      answers: [],
    });

    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder customer-cancelled']);
  });

  test('refunds a payment that succeeds after the customer cancelled', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order); // before the saga receives the cancel
    sagas.shop.onRequest(order, async (saga) =>
      saga.signal(paymentSettled, anAnswer({ paymentId: paymentNamed('late') })),
    );

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order).slice(0, 3)).toEqual([
      'requestPayment',
      `shipOrder ${paymentNamed('late')}`,
      `recordRefundDue ${paymentNamed('late')}`,
    ]);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${paymentNamed('late')}`]);
    await sagas.waitForRefund(`refund-${paymentNamed('late')}`);
  });

  test('starts no refund before it is recorded as due', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    sagas.shop.failTimes(order, 'recordRefundDue', Infinity);
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));
    const saga = await sagas.start(order);
    await sagas.shop.waitForCall(order, expect.stringMatching(/^shipOrder/));
    await eventually(async () => expect(await sagas.countWorkflowTasks(order)).toBeGreaterThanOrEqual(2));

    expect(await sagas.startedRefunds(order)).toEqual([]);
    await expect(saga.describe()).resolves.toMatchObject({ status: { name: 'RUNNING' } });
    await saga.terminate();
  });

  test('counts a repeated answer once, and refunds a second payment of the same order', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      for (const paymentId of ['first', 'first', 'second'].map(paymentNamed)) {
        await saga.signal(paymentSettled, anAnswer({ paymentId }));
      }
    });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentId: paymentNamed('first') });
    expect(sagas.shop.callsFor(order).slice(0, 2)).toEqual(['requestPayment', `shipOrder ${paymentNamed('first')}`]);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${paymentNamed('second')}`]);
  });

  test('starts no refund that was started before', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    await sagas.startRefund({ orderId: order.orderId, paymentId: paymentNamed('known') });
    sagas.shop.onRequest(order, async (saga) =>
      saga.signal(paymentSettled, anAnswer({ paymentId: paymentNamed('known') })),
    );

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(sagas.shop.countRefunds(paymentNamed('known'))).toBe(1);
  });

  test('cancels the order when an operator cancels the saga', async () => {
    const order = anOrder();
    const saga = await sagas.start(order);
    await sagas.shop.waitForCall(order, 'requestPayment');

    await saga.cancel();

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order)).toEqual(['requestPayment', 'cancelOrder operator-cancelled']);
  });

  test('requests no payment if an operator cancelled the saga before its first task', async () => {
    const order = anOrder();
    const saga = await sagas.start(order, { startDelay: '700ms' });
    await saga.cancel();

    await expect(saga.result()).resolves.toMatchObject({ cancellation: { code: 'operator-cancelled' } });
    expect(sagas.shop.callsFor(order)[0]).toBe('cancelOrder operator-cancelled');
  });

  test('retries a step while its database or broker is unavailable', async () => {
    const order = anOrder();
    sagas.shop.failTimes(order, 'requestPayment', 2);
    sagas.shop.failTimes(order, 'shipOrder', 5); // more than the attempts of one local activity
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
  });

  test('cancels an order while the broker is unavailable', async () => {
    const order = anOrder();
    sagas.shop.failTimes(order, 'requestPayment', Infinity);
    const saga = await sagas.start(order);
    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled' });
  });

  test('starts a refund of the order if the broker confirmed no request', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, () => Promise.reject(new Error('RabbitMQ does not confirm')));
    const saga = await sagas.start(order);
    await sagas.shop.waitForCall(order, 'requestPayment');
    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(
      sagas.shop
        .callsFor(order)
        .filter((call) => call !== 'requestPayment')
        .slice(0, 2),
    ).toEqual(['cancelOrder customer-cancelled', 'recordRefundDue of the order']);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });

  test('starts a refund of the order if it was cancelled before a request is recorded', async () => {
    const order = anOrder();
    const saga = await sagas.startCancelled(order);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });

  test('retries a compensation that fails until it succeeds', async () => {
    const order = anOrder();
    sagas.shop.failTimes(order, 'cancelOrder', 4);
    sagas.shop.onRequest(order, async (saga) =>
      saga.signal(paymentSettled, anAnswer({ success: false, reason: 'no' })),
    );

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect(sagas.shop.callsFor(order).at(-1)).toBe('cancelOrder payment-declined');
  });

  test('compensates and then fails when a step fails permanently', async () => {
    const order = anOrder();
    sagas.shop.failPermanently(order, 'shipOrder');
    sagas.shop.onRequest(order, async (saga) =>
      saga.signal(paymentSettled, anAnswer({ paymentId: paymentNamed('broken') })),
    );

    const failure = await sagas.run(order).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect((failure as WorkflowFailedError).cause).not.toBeInstanceOf(CancelledFailure);
    expect(sagas.shop.callsFor(order).slice(0, 4)).toEqual([
      'requestPayment',
      `shipOrder ${paymentNamed('broken')}`,
      'cancelOrder saga-failed',
      `recordRefundDue ${paymentNamed('broken')}`,
    ]);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${paymentNamed('broken')}`]);
  });
});

describe('over the activity channel', () => {
  const payment = { channel: 'activity', maxRequests: 2, answerTimeoutMs: 20_000 } as const;

  test('ships an order whose payment succeeds', async () => {
    const order = anOrder({ payment });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped', paymentStatus: 'success' });
    expect(sagas.shop.callsFor(order)).toEqual(['processPayment', expect.stringMatching(/^shipOrder /)]);
  });

  test('cancels an order whose payment is declined', async () => {
    const order = anOrder({ payment, totalAmount: '1000.01' });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect(sagas.shop.callsFor(order)).toEqual(['processPayment', 'cancelOrder payment-declined']);
  });

  test('starts a refund of the order when the payment service does not answer in time', async () => {
    const order = anOrder({ payment: { ...payment, answerTimeoutMs: 500 } });
    sagas.shop.failTimes(order, 'processPayment', Infinity);

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order)).toContain('cancelOrder payment-timeout');
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });

  test('starts a refund of the order when the customer cancels during the charge', async () => {
    const order = anOrder({ payment });
    sagas.shop.failTimes(order, 'processPayment', Infinity);
    const saga = await sagas.start(order);
    await saga.signal(cancelRequested);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
    await sagas.waitForRefund(`refund-${order.orderId}`);
  });
});

describe('resumed', () => {
  test('ends after its first step if the order is settled', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.settleRow(order, {
      orderStatus: 'shipped',
      paymentStatus: 'success',
      paymentId: paymentNamed('before'),
      cancellation: null,
    });

    await expect(sagas.run(order)).resolves.toMatchObject({
      orderStatus: 'shipped',
      paymentId: paymentNamed('before'),
    });
    expect(sagas.shop.callsFor(order)).toEqual(['resumeOrder']);
  });

  test('requests the payment of an order that is still placed', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.onRequest(order, async (saga) => saga.signal(paymentSettled, anAnswer()));

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
    expect(sagas.shop.callsFor(order).slice(0, 2)).toEqual(['resumeOrder', 'requestPayment']);
  });

  test('uses an answer that arrived while no saga ran, and requests no second payment', async () => {
    const order = anOrder({ resumed: true, answers: [anAnswer({ paymentId: paymentNamed('waiting') })] });

    await expect(sagas.run(order)).resolves.toMatchObject({
      orderStatus: 'shipped',
      paymentId: paymentNamed('waiting'),
    });
    expect(sagas.shop.callsFor(order)).toEqual(['resumeOrder', `shipOrder ${paymentNamed('waiting')}`]);
  });

  test('refunds a payment that was answered while no saga ran if the order was cancelled', async () => {
    const order = anOrder({ resumed: true, answers: [anAnswer({ paymentId: paymentNamed('missed') })] });
    sagas.shop.settleRow(order, aCancelledSettlement());

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled' });
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${paymentNamed('missed')}`]);
  });

  test('cancels an order whose customer cancelled while no saga ran', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.cancelRow(order);

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'cancelled' });
    expect(sagas.shop.callsFor(order).slice(0, 2)).toEqual(['resumeOrder', 'cancelOrder customer-cancelled']);
  });

  test('starts a refund of the order if it ends unpaid without any answer', async () => {
    const order = anOrder({ resumed: true });
    sagas.shop.cancelRow(order);

    await sagas.run(order);

    expect(sagas.shop.callsFor(order).slice(2, 3)).toEqual(['recordRefundDue of the order']);
    expect(await sagas.startedRefunds(order)).toEqual([`refund-${order.orderId}`]);
  });
});

describe('what operators see', () => {
  const decline = anAnswer({ success: false, reason: 'total amount over $1000' });

  test('records the outcome as search attributes', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => decline);
    const saga = await sagas.start(order);
    await saga.result();

    const { typedSearchAttributes } = await saga.describe();
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ OrderStatus: 'cancelled', CancellationCode: 'payment-declined' });
  });

  test('shows each step of a shipped order as an event with a summary', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer({ paymentId: paymentNamed('shown') }));
    await sagas.run(order);

    expect(await sagas.stepsOf(order)).toEqual([
      { step: 'requestPayment', summary: 'Request $90.00 over RabbitMQ, attempt 1 of 1' },
      { step: 'shipOrder', summary: `Ship the order, paid by payment ${paymentNamed('shown')}` },
    ]);
  });

  test('labels the timer with the answer that the saga waits for', async () => {
    const order = anOrder({ payment: { maxRequests: 2, answerTimeoutMs: 300 } });
    await sagas.run(order);

    expect(await sagas.stepsOf(order)).toEqual([
      { step: 'requestPayment', summary: 'Request $90.00 over RabbitMQ, attempt 1 of 2' },
      { step: 'timer', summary: 'Wait for the payment answer, attempt 1 of 2' },
      { step: 'requestPayment', summary: 'Request $90.00 over RabbitMQ, attempt 2 of 2' },
      { step: 'timer', summary: 'Wait for the payment answer, attempt 2 of 2' },
      { step: 'cancelOrder', summary: 'Cancel the order and release its stock: payment-timeout' },
    ]);
  });

  test('labels the timer of a retry with the step that failed', async () => {
    const order = anOrder();
    sagas.shop.failTimes(order, 'requestPayment', 3); // the attempts of one local activity
    sagas.shop.onRequest(order, async () => anAnswer());
    await sagas.run(order);

    expect((await sagas.stepsOf(order)).slice(0, 2)).toEqual([
      { step: 'requestPayment', summary: 'Request $90.00 over RabbitMQ, attempt 1 of 1' },
      { step: 'timer', summary: 'Retry: Request $90.00 over RabbitMQ, attempt 1 of 1' },
    ]);
  });

  test('keeps the timeline of a closed saga in its current details and its query', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => decline);
    const saga = await sagas.start(order);
    await saga.result();

    const { timeline } = await saga.query(sagaStatus);
    expect(timeline.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['Saga started', 'order accepted'],
      ['Payment requested', '$90.00 over RabbitMQ, attempt 1 of 1'],
      ['Payment answered', 'declined: total amount over $1000'],
      ['Order cancelled', 'payment-declined: total amount over $1000'],
    ]);
    const details = await sagas.currentDetailsOf(order);
    for (const { time, step, outcome } of timeline) {
      expect(details).toContain(`| ${time.slice('2026-01-31T'.length, -1)} | ${step} | ${outcome} |`);
    }
  });

  test('escapes text of another service so that it stays in its table cell', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer({ success: false, reason: 'no\n|\u0000![x](http://x) \\ <b>' }));
    await sagas.run(order);

    expect(await sagas.currentDetailsOf(order)).toContain(String.raw`declined: no \| \!\[x\](http://x) \\ \<b\> |`);
  });

  test('keeps one entry for the failures of a step, so that an outage does not displace the others', async () => {
    const order = anOrder();
    sagas.shop.failTimes(order, 'shipOrder', 6); // two rounds of attempts
    sagas.shop.onRequest(order, async () => anAnswer());
    const saga = await sagas.start(order);
    await saga.result();

    const { timeline } = await saga.query(sagaStatus);
    const failures = timeline.filter(({ outcome }) => outcome.startsWith('failed'));
    expect(failures).toHaveLength(1);
    expect(failures[0]?.outcome).toMatch(/^failed 2 times and will be retried: shipOrder fails/);
  });

  test('describes its signals and queries', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer());
    await sagas.run(order);

    const { definition } = await sagas.metadataOf(order);
    for (const [names, definitions] of [
      [['paymentSettled', 'cancel'], definition?.signalDefinitions],
      [['status'], definition?.queryDefinitions],
    ] as const) {
      for (const name of names) {
        expect(definitions).toContainEqual({ name, description: expect.stringMatching(/^Re(ports|turns) /) });
      }
    }
  });

  test('shows what a refund waits for before a worker runs it', async () => {
    const order = anOrder();
    sagas.shop.cancelRow(order);
    sagas.shop.onRequest(order, async () => anAnswer({ paymentId: paymentNamed('waits') }));
    await sagas.run(order);

    const refund = await sagas.descriptionOf(`refund-${paymentNamed('waits')}`);
    expect(await refund.staticSummary()).toBe(`Refund payment ${paymentNamed('waits')}`);
    expect(await refund.staticDetails()).toContain('Waits for a worker on the task queue `payment-processing`');
  });
});

const terms = (more: object) => ({ channel: 'events', maxRequests: 1, answerTimeoutMs: 20_000, ...more });

/** Builds an input whose type does not match the contract. */
const invalid = (more: object): PlaceOrderInput => Object.assign(anOrder(), more);

describe('given an invalid input', () => {
  test.each([
    ['orderId must be a UUID', invalid({ orderId: 'one' })],
    ['customerId must be a UUID or empty', invalid({ customerId: 'x'.repeat(1_000_000) })],
    ['totalAmount must be a decimal with two places', invalid({ totalAmount: `${'9'.repeat(30)}.00` })],
    ['payment.maxRequests must be an integer from 1 to 100', invalid({ payment: terms({ maxRequests: 0 }) })],
    ['payment.maxRequests must be an integer from 1 to 100', invalid({ payment: terms({ maxRequests: 1e9 }) })],
    ['payment.answerTimeoutMs must be an integer', invalid({ payment: terms({ answerTimeoutMs: 1e300 }) })],
    ['payment.answerTimeoutMs must be an integer', invalid({ payment: terms({ answerTimeoutMs: 0.1 }) })],
    ['resumed must be true or absent', invalid({ resumed: 'yes' })],
    ['payment.channel must be events or activity', invalid({ payment: undefined })],
    ['answers must be an array', invalid({ answers: 'paid' })],
  ])('fails and says: %s', async (problem, input) => {
    const failure = await sagas.run(input).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(String((failure as WorkflowFailedError).cause)).toContain(`Invalid input of placeOrder: ${problem}`);
    expect(sagas.shop.callsFor(input)).toEqual([]);
  });
});

describe('given invalid signals', () => {
  test.each([
    ['no value', undefined],
    ['success as a text', { paymentId: paymentNamed('text'), success: 'false' }],
    ['a misspelt field', { payment_id: paymentNamed('misspelt'), success: true }],
    ['a payment id that is no UUID', { paymentId: 'abc', success: true }],
  ])('ignores %s, records it, and settles by the real answer', async (_, value) => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      await saga.signal('paymentSettled', value);
      await saga.signal(paymentSettled, anAnswer({ success: false, reason: 'no' }));
    });
    const saga = await sagas.start(order);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    const { answers, timeline } = await saga.query(sagaStatus);
    expect(answers).toHaveLength(1);
    expect(timeline).toContainEqual(expect.objectContaining({ step: 'Answer ignored' }));
  });

  test('ignores a payload that cannot be decoded, records it, and settles by the real answer', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      await sagas.signalPayload(order, 'paymentSettled', {
        metadata: { encoding: Buffer.from('json/plain') },
        data: Buffer.from('{"paymentId":'),
      });
      await saga.signal(paymentSettled, anAnswer({ success: false, reason: 'no' }));
    });
    const saga = await sagas.start(order);

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
    expect((await saga.query(sagaStatus)).timeline).toContainEqual(expect.objectContaining({ step: 'Answer ignored' }));
  });

  test('ignores signals that it does not know', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async (saga) => {
      for (const name of ['paymentsettled', '__temporal_signal', '__stack_trace'])
        await saga.signal(name, { any: 'value' });
      await saga.signal(paymentSettled, anAnswer());
    });

    await expect(sagas.run(order)).resolves.toMatchObject({ orderStatus: 'shipped' });
  });
});
