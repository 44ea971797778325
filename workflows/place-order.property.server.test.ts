import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import * as fc from 'fast-check';
import { eventually } from '../test/eventually';
import { aCancelledOrder, anAnswer, anOrder, SagaWorkers } from '../test/saga-workers';
import { cancelRequested, paymentSettled, type PaymentAnswer, type PlaceOrderInput, type Settlement } from './contract';

// Whatever an order is told, in whatever order, and whatever fails meanwhile, it ends in one of two states, and what it
// took is taken or given back. On a real Temporal server, ten sagas at a time.
let sagas: SagaWorkers;
beforeAll(async () => {
  sagas = await SagaWorkers.start('place-order-property');
});
afterAll(() => sagas.stop());

type Happening =
  | { what: 'answer'; payment: number; success: boolean }
  | { what: 'customer cancels' }
  | { what: 'operator cancels' }
  | { what: 'time passes'; ms: number };

interface Life {
  channel: 'events' | 'activity';
  asks: number;
  askTimeoutMs: number;
  totalAmount: string;
  happenings: Happening[];
  /** Whether a payment's answer comes at once. */
  atOnce: { payment: number; success: boolean } | null;
  /** What an earlier run has left behind, and the answers that came while none ran; null for an order's first run. */
  before: { row: (typeof ROWS)[number]; answers: { payment: number; success: boolean }[] } | null;
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

const happening = fc.oneof(
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

const life: fc.Arbitrary<Life> = fc.record({
  channel: fc.constantFrom('events', 'events', 'activity'),
  asks: fc.integer({ min: 1, max: 2 }),
  askTimeoutMs: fc.integer({ min: 50, max: 400 }),
  totalAmount: fc.constantFrom('90.00', '1200.00'),
  happenings: fc.array(happening, { maxLength: 6 }),
  atOnce: fc.option(anyAnswer, { freq: 2 }),
  before: fc.option(
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

/** Tells a saga something; what comes after its end is dealt with as the bridge deals with it. */
async function tell(send: () => Promise<unknown>, afterTheEnd: () => Promise<void> = async () => undefined) {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await afterTheEnd();
  }
}

/** Leaves an order's row as an earlier run did. @returns what that run was told of */
function leave(order: PlaceOrderInput, row: (typeof ROWS)[number], payment: PaymentAnswer): PaymentAnswer[] {
  const { paymentId } = payment;
  if (row === 'cancel requested') sagas.shop.cancelRow(order);
  if (row === 'shipped')
    sagas.shop.settleRow(order, { orderStatus: 'shipped', paymentStatus: 'success', paymentId, cancellation: null });
  if (row === 'cancelled') sagas.shop.settleRow(order, aCancelledOrder());
  return row === 'shipped' ? [payment] : [];
}

async function live(one: Life): Promise<void> {
  const { channel, asks, askTimeoutMs, totalAmount, happenings, atOnce, before, failures } = one;
  const first = anAnswer();
  const answers = [first, anAnswer(), anAnswer()];
  const missed = (before?.answers ?? []).map(({ payment, success }) => ({
    ...anAnswer(),
    ...answers[payment],
    success,
  }));
  const order = anOrder({
    totalAmount,
    payment: { channel, asks, askTimeoutMs },
    ...(before ? { resumed: true, answers: missed } : {}),
  });
  for (const { step, times } of failures) sagas.shop.failing(order, step, times);
  const told: PaymentAnswer[] = [...missed, ...(before ? leave(order, before.row, first) : [])];
  if (atOnce && channel === 'events') {
    sagas.shop.onRequest(order, async () => {
      const answer = { ...anAnswer(), ...answers[atOnce.payment], success: atOnce.success };
      told.push(answer);
      return answer;
    });
  }
  const saga = await sagas.start(order);

  for (const event of happenings) {
    if (event.what === 'time passes') await new Promise((resolve) => setTimeout(resolve, event.ms));
    else if (event.what === 'operator cancels') await tell(() => saga.cancel());
    else if (event.what === 'customer cancels') {
      sagas.shop.cancelRow(order);
      await tell(() => saga.signal(cancelRequested));
    } else {
      const answer = { ...anAnswer(), ...answers[event.payment], success: event.success };
      told.push(answer);
      await tell(
        () => saga.signal(paymentSettled, answer),
        async () => {
          if (answer.success && keptBy(await saga.result()) !== answer.paymentId)
            await sagas.refundOnce(order.orderId, answer.paymentId);
        },
      );
    }
  }

  const settled = await saga.result();
  const row = sagas.shop.rowOf(order.orderId);
  expect(settled).toEqual(row.settled);
  expect(row.taken).toBe(settled.orderStatus === 'shipped' ? 1 : 0);
  expect([
    { orderStatus: 'shipped', paymentStatus: 'success', paymentId: expect.any(String), cancellation: null },
    {
      orderStatus: 'cancelled',
      paymentStatus: expect.stringMatching(/failed|cancelled/),
      paymentId: settled.paymentId,
      cancellation: { code: expect.any(String), reason: expect.any(String) },
    },
  ]).toContainEqual(settled);
  await moneyIsRight(settled, told, order.orderId, one);
}

/** Ten live at a time: says which of them it was. */
async function toldWhereItFails(one: Life): Promise<void> {
  try {
    await live(one);
  } catch (error) {
    throw new Error(`${JSON.stringify(one)} ended otherwise`, { cause: error });
  }
}

/** The payment that stands. */
const keptBy = ({ orderStatus, paymentId }: Settlement): string | null =>
  orderStatus === 'shipped' ? paymentId : null;

async function moneyIsRight(
  settled: Settlement,
  told: PaymentAnswer[],
  orderId: string,
  { channel, before }: Life,
): Promise<void> {
  const kept = keptBy(settled);
  const charged = new Set(told.filter(({ success }) => success).map(({ paymentId }) => paymentId));
  for (const paymentId of charged) {
    if (paymentId === kept) expect(sagas.shop.refundsOf(paymentId)).toBe(0);
    else {
      await sagas.refunded(`refund-${paymentId}`);
      expect(sagas.shop.refundsOf(paymentId)).toBe(1);
    }
  }
  // Shipped for a payment that was told.
  if (channel === 'events' && kept !== null) expect(charged).toContain(kept);
  if (settled.orderStatus !== 'cancelled' || settled.paymentStatus !== 'cancelled') return;
  const wasCancelled = before?.row === 'cancelled';
  if (channel === 'activity' && !wasCancelled) {
    // What was charged, or may yet be.
    await eventually(() => expect(sagas.shop.callsFor({ orderId })).toContain('refundPayment'));
  } else if (before && told.length === 0) {
    // What an earlier run was told of, if anything.
    await sagas.refunded(`refund-${orderId}`);
  }
}

test('any order of answers, timeouts, cancels and failures ends shipped or cancelled, with the money right', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 10, maxLength: 10 }), async (lives) => {
      await Promise.all(lives.map(toldWhereItFails));
    }),
    { seed: Number(process.env['SEED'] ?? 1), numRuns: Number(process.env['RUNS'] ?? 5), endOnFailure: true },
  );
}, 300_000);
