import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import type { PaymentAnswer, Settlement } from '@shop/workflows/contract';
import { Settlements } from '../../orders/settlements';
import { PaymentHandover } from './payment-handover';

const answer: PaymentAnswer = { paymentId: randomUUID(), success: true, reason: '' };
const shipped: Settlement = {
  orderStatus: 'shipped',
  paymentStatus: 'success',
  paymentId: answer.paymentId,
  cancellation: null,
};
const order = { orderId: 'order', totalAmount: '90.00' };
const sent = async (): Promise<void> => undefined;

let settlements: Settlements;
let handover: PaymentHandover;
beforeEach(() => {
  settlements = new Settlements();
  handover = new PaymentHandover({ settlements, enabled: true });
});

test('hands an answer to the request that waits for it, and returns how the order ended', async () => {
  const requested = handover.request(order, sent);
  const offered = handover.offer('order', answer);

  await expect(requested).resolves.toEqual(answer);
  settlements.publish('order', shipped);

  await expect(offered).resolves.toEqual(shipped);
});

test('accepts an answer that arrives before the broker has confirmed the request', async () => {
  const requested = handover.request(order, async () => void handover.offer('order', answer));

  await expect(requested).resolves.toEqual(answer);
});

test('returns the amount of a request only while it waits for its answer', async () => {
  expect(handover.amountOf('order')).toBeNull();
  const requested = handover.request(order, sent);
  expect(handover.amountOf('order')).toBe('90.00');
  expect(handover.amountOf('another')).toBeNull();

  void handover.offer('order', answer);
  await requested;

  expect(handover.amountOf('order')).toBeNull();
});

test('accepts one answer per request, and only while the request waits', async () => {
  const requested = handover.request(order, sent);

  await expect(handover.offer('another', answer)).resolves.toBeNull();
  void handover.offer('order', answer);
  await expect(handover.offer('order', answer)).resolves.toBeNull();
  await requested;
  await expect(handover.offer('order', answer)).resolves.toBeNull();
});

test('stops waiting for the answer and for the settlement after their time limits', async () => {
  handover = new PaymentHandover({ settlements, enabled: true, answerWithinMs: 20, settledWithinMs: 20 });

  await expect(handover.request(order, sent)).resolves.toBeNull();
  const requested = handover.request(order, sent);
  await expect(handover.offer('order', answer)).resolves.toBeNull();
  await expect(requested).resolves.toEqual(answer);
});

test('throws if the request cannot be sent, and accepts no answer afterwards', async () => {
  await expect(handover.request(order, () => Promise.reject(new Error('broker unavailable')))).rejects.toThrow(
    'broker unavailable',
  );
  await expect(handover.offer('order', answer)).resolves.toBeNull();
});

test('sends requests but hands over no answers if it is disabled', async () => {
  handover = new PaymentHandover({ settlements, enabled: false });
  let requests = 0;
  const send = async (): Promise<void> => {
    requests++;
    expect(await handover.offer('order', answer)).toBeNull();
  };

  await expect(handover.request(order, send)).resolves.toBeNull();
  expect(requests).toBe(1);
});

test('stops waiting while other instances receive the answers, and waits again when this instance receives them', async () => {
  handover = new PaymentHandover({ settlements, enabled: true, answerWithinMs: 5, settledWithinMs: 1 });
  /** Returns whether a request still waits after it was sent. */
  const waits = async (isAnswered: boolean): Promise<boolean> => {
    let ended = false;
    const requested = handover.request(order, sent).then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    const isWaiting = !ended;
    if (isAnswered) void handover.offer('order', answer);
    await requested;
    return isWaiting;
  };
  const repeat = async (times: number, isAnswered: boolean): Promise<boolean[]> => {
    const results: boolean[] = [];
    for (let i = 0; i < times; i++) results.push(await waits(isAnswered));
    return results;
  };

  const unanswered = await repeat(60, false);
  expect(unanswered.slice(0, 10)).not.toContain(false);
  expect(unanswered.slice(-20).filter(Boolean)).toHaveLength(1);

  await repeat(360, true);
  expect(await repeat(10, true)).not.toContain(false);
});
