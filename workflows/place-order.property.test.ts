import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import * as fc from 'fast-check';
import { eventually } from '../test/eventually';
import { anAnswer, anOrder, SagaWorkers } from '../test/saga-workers';
import { cancelRequested, paymentSettled, type PaymentAnswer, type Settlement } from './contract';

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
  /** How often each step fails before it succeeds. */
  failures: {
    step: 'requestPayment' | 'shipOrder' | 'cancelOrder' | 'processPayment' | 'refundPayment';
    times: number;
  }[];
}

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
  failures: fc.array(
    fc.record({
      step: fc.constantFrom('requestPayment', 'shipOrder', 'cancelOrder', 'processPayment', 'refundPayment'),
      times: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 2 },
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

async function live({ channel, asks, askTimeoutMs, totalAmount, happenings, failures }: Life): Promise<void> {
  const order = anOrder({ totalAmount, payment: { channel, asks, askTimeoutMs } });
  for (const { step, times } of failures) sagas.shop.failing(order, step, times);
  const answers = [0, 1, 2].map(() => anAnswer());
  const told: PaymentAnswer[] = [];
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
  expect(settled).toEqual(sagas.shop.rowOf(order.orderId).settled);
  expect([
    { orderStatus: 'shipped', paymentStatus: 'success', paymentId: expect.any(String) },
    {
      orderStatus: 'cancelled',
      paymentStatus: expect.stringMatching(/failed|cancelled/),
      paymentId: settled.paymentId,
    },
  ]).toContainEqual(settled);
  await moneyIsRight(settled, told, order.orderId, channel);
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
  channel: Life['channel'],
): Promise<void> {
  const kept = keptBy(settled);
  const charged = new Set(told.filter(({ success }) => success).map(({ paymentId }) => paymentId));
  for (const paymentId of charged) {
    if (paymentId === kept) expect(sagas.shop.refundsOf(paymentId)).toBe(0);
    else {
      await sagas.refunded(paymentId);
      expect(sagas.shop.refundsOf(paymentId)).toBe(1);
    }
  }
  if (channel === 'events') {
    // Shipped for a payment that was told.
    if (kept !== null) expect(charged).toContain(kept);
  } else if (settled.orderStatus === 'cancelled' && settled.paymentStatus === 'cancelled') {
    // What was charged, or may yet be.
    await eventually(() => expect(sagas.shop.callsFor({ orderId })).toContain('refundPayment'));
  }
}

test('any order of answers, timeouts, cancels and failures ends shipped or cancelled, with the money right', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 10, maxLength: 10 }), async (lives) => {
      await Promise.all(lives.map(toldWhereItFails));
    }),
    { seed: Number(process.env['SEED'] ?? 1), numRuns: Number(process.env['RUNS'] ?? 5), endOnFailure: true },
  );
}, 120_000);
