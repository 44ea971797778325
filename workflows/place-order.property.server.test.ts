import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import * as fc from 'fast-check';
import { eventually } from '../test/eventually';
import { aCancelledSettlement, anAnswer, anOrder, SagaWorkers } from '../test/saga-workers';
import { cancelRequested, paymentSettled, type PaymentAnswer, type PlaceOrderInput, type Settlement } from './contract';

// Runs random scenarios on a real Temporal server, ten sagas concurrently. In a scenario, events arrive and steps fail
// in a random sequence. Each order must end shipped with its stock taken, or cancelled with its stock released.
let sagas: SagaWorkers;
beforeAll(async () => {
  sagas = await SagaWorkers.start('place-order-property');
});
afterAll(() => sagas.stop());

type ScenarioEvent =
  | { what: 'answer'; payment: number; success: boolean }
  | { what: 'customer cancels' }
  | { what: 'operator cancels' }
  | { what: 'time passes'; ms: number };

interface Scenario {
  channel: 'events' | 'activity';
  maxRequests: number;
  answerTimeoutMs: number;
  totalAmount: string;
  events: ScenarioEvent[];
  /** The answer that is the result of the payment request, if any. */
  immediateAnswer: { payment: number; success: boolean } | null;
  /** The row after an earlier run, and the answers that arrived while no saga ran. Null for an order's first run. */
  earlierRun: { row: (typeof ROWS)[number]; answers: { payment: number; success: boolean }[] } | null;
  /** How often each step fails before it succeeds. */
  failures: { step: (typeof STEPS)[number]; times: number }[];
}

const ROWS = ['placed', 'cancel requested', 'shipped', 'cancelled'] as const;
const STEPS = [
  'resumeOrder',
  'requestPayment',
  'shipOrder',
  'cancelOrder',
  'recordRefundDue',
  'processPayment',
  'refundPayment',
] as const;
const anyAnswer = fc.record({ payment: fc.nat(2), success: fc.boolean() });

const anyEvent = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('answer' as const), payment: fc.nat(2), success: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ what: 'customer cancels' as const }) },
  { weight: 1, arbitrary: fc.constant({ what: 'operator cancels' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('time passes' as const), ms: fc.integer({ min: 1, max: 250 }) }),
  },
);

const anyScenario: fc.Arbitrary<Scenario> = fc.record({
  channel: fc.constantFrom('events', 'events', 'activity'),
  maxRequests: fc.integer({ min: 1, max: 2 }),
  answerTimeoutMs: fc.integer({ min: 50, max: 400 }),
  totalAmount: fc.constantFrom('90.00', '1200.00'),
  events: fc.array(anyEvent, { maxLength: 6 }),
  immediateAnswer: fc.option(anyAnswer, { freq: 2 }),
  earlierRun: fc.option(
    fc.record({ row: fc.constantFrom('placed', ...ROWS), answers: fc.array(anyAnswer, { maxLength: 2 }) }),
    { freq: 1 },
  ),
  failures: fc.array(
    fc.record({
      step: fc.constantFrom(...STEPS),
      times: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 3 },
  ),
});

/** Signals or cancels a saga. Runs `ifClosed` if the saga has ended. */
async function trySend(send: () => Promise<unknown>, ifClosed: () => Promise<void> = async () => undefined) {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await ifClosed();
  }
}

/** Sets an order's row to the state that an earlier run left. @returns the answers that the earlier run received */
function applyEarlierRun(order: PlaceOrderInput, row: (typeof ROWS)[number], payment: PaymentAnswer): PaymentAnswer[] {
  const { paymentId } = payment;
  if (row === 'cancel requested') sagas.shop.cancelRow(order);
  if (row === 'shipped')
    sagas.shop.settleRow(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId, cancellation: null });
  if (row === 'cancelled') sagas.shop.settleRow(order, aCancelledSettlement());
  return row === 'shipped' ? [payment] : [];
}

async function runScenario(scenario: Scenario): Promise<void> {
  const { channel, maxRequests, answerTimeoutMs, totalAmount, events, immediateAnswer, earlierRun, failures } =
    scenario;
  const first = anAnswer();
  const answers = [first, anAnswer(), anAnswer()];
  const missed = (earlierRun?.answers ?? []).map(({ payment, success }) => ({
    ...anAnswer(),
    ...answers[payment],
    success,
  }));
  const order = anOrder({
    totalAmount,
    payment: { channel, maxRequests, answerTimeoutMs },
    ...(earlierRun ? { resumed: true, answers: missed } : {}),
  });
  for (const { step, times } of failures) sagas.shop.failTimes(order, step, times);
  const received: PaymentAnswer[] = [...missed, ...(earlierRun ? applyEarlierRun(order, earlierRun.row, first) : [])];
  if (immediateAnswer && channel === 'events') {
    sagas.shop.onRequest(order, async () => {
      const answer = { ...anAnswer(), ...answers[immediateAnswer.payment], success: immediateAnswer.success };
      received.push(answer);
      return answer;
    });
  }
  const saga = await sagas.start(order);

  for (const event of events) {
    if (event.what === 'time passes') await new Promise((resolve) => setTimeout(resolve, event.ms));
    else if (event.what === 'operator cancels') await trySend(() => saga.cancel());
    else if (event.what === 'customer cancels') {
      sagas.shop.cancelRow(order);
      await trySend(() => saga.signal(cancelRequested));
    } else {
      const answer = { ...anAnswer(), ...answers[event.payment], success: event.success };
      received.push(answer);
      await trySend(
        () => saga.signal(paymentSettled, answer),
        async () => {
          if (answer.success && keptPaymentOf(await saga.result()) !== answer.paymentId)
            await sagas.refundOnce(order.orderId, answer.paymentId);
        },
      );
    }
  }

  const settled = await saga.result();
  const row = sagas.shop.rowOf(order.orderId);
  expect(settled).toEqual(row.settled);
  expect(row.stockTaken).toBe(settled.orderStatus === 'shipped' ? 1 : 0);
  expect([
    { orderStatus: 'shipped', paymentStatus: 'success', paymentId: expect.any(String), cancellation: null },
    {
      orderStatus: 'cancelled',
      paymentStatus: expect.stringMatching(/failed|cancelled/),
      paymentId: settled.paymentId,
      cancellation: { code: expect.any(String), reason: expect.any(String) },
    },
  ]).toContainEqual(settled);
  await expectCorrectRefunds(settled, received, order.orderId, scenario);
}

/** Runs a scenario. Ten run concurrently, so a failure names its scenario. */
async function runNamedScenario(scenario: Scenario): Promise<void> {
  try {
    await runScenario(scenario);
  } catch (error) {
    throw new Error(`The scenario ${JSON.stringify(scenario)} failed.`, { cause: error });
  }
}

/** Returns the payment that shipped the order; null if the order was cancelled. */
const keptPaymentOf = ({ orderStatus, paymentId }: Settlement): string | null =>
  orderStatus === 'shipped' ? paymentId : null;

/** Expects that each payment is refunded once, except the one that shipped the order. */
async function expectCorrectRefunds(
  settled: Settlement,
  received: PaymentAnswer[],
  orderId: string,
  { channel, earlierRun }: Scenario,
): Promise<void> {
  const kept = keptPaymentOf(settled);
  const charged = new Set(received.filter(({ success }) => success).map(({ paymentId }) => paymentId));
  for (const paymentId of charged) {
    if (paymentId === kept) expect(sagas.shop.countRefunds(paymentId)).toBe(0);
    else {
      await sagas.waitForRefund(`refund-${paymentId}`);
      expect(sagas.shop.countRefunds(paymentId)).toBe(1);
    }
  }
  // An order is shipped only for a payment that an answer reported.
  if (channel === 'events' && kept !== null) expect(charged).toContain(kept);
  if (settled.orderStatus !== 'cancelled' || settled.paymentStatus !== 'cancelled') return;
  const wasCancelled = earlierRun?.row === 'cancelled';
  if (channel === 'activity' && !wasCancelled) {
    // The order was charged, or may still be charged.
    await eventually(() => expect(sagas.shop.callsFor({ orderId })).toContain('refundPayment'));
  } else if (earlierRun && received.length === 0) {
    // The earlier run may have received an answer.
    await sagas.waitForRefund(`refund-${orderId}`);
  }
}

test('ships or cancels each order and refunds every other payment, in any sequence of events and failures', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyScenario, { minLength: 10, maxLength: 10 }), async (concurrent) => {
      await Promise.all(concurrent.map(runNamedScenario));
    }),
    { seed: Number(process.env['SEED'] || 1), numRuns: Number(process.env['RUNS'] || 5), endOnFailure: true },
  );
}, 300_000);
