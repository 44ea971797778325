import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { PaymentAnswer, Settlement } from '@shop/workflows/contract';
import { PaymentHandover } from './payment-handover';

const answer: PaymentAnswer = { paymentId: randomUUID(), success: true, reason: '' };
const shipped: Settlement = { orderStatus: 'shipped', paymentStatus: 'success', paymentId: answer.paymentId };
const sent = async (): Promise<void> => undefined;

test('hands an answer to whoever asks, and tells how the order ended', async () => {
  const handover = new PaymentHandover();
  const asking = handover.ask('order', sent);
  const offering = handover.offer('order', answer);

  await expect(asking).resolves.toEqual(answer);
  handover.tellSettled('order', shipped);

  await expect(offering).resolves.toEqual(shipped);
});

test('takes an answer that comes before the broker has confirmed the request', async () => {
  const handover = new PaymentHandover();
  const asking = handover.ask('order', async () => void handover.offer('order', answer));

  await expect(asking).resolves.toEqual(answer);
});

test('takes one answer, and only while somebody asks for that order', async () => {
  const handover = new PaymentHandover();
  const asking = handover.ask('order', sent);

  await expect(handover.offer('another', answer)).resolves.toBeNull();
  void handover.offer('order', answer);
  await expect(handover.offer('order', answer)).resolves.toBeNull();
  await asking;
  await expect(handover.offer('order', answer)).resolves.toBeNull();
});

test('waits a moment only, for an answer and for the end of the order', async () => {
  const handover = new PaymentHandover();

  await expect(handover.ask('order', sent)).resolves.toBeNull();
  const asking = handover.ask('order', sent);
  await expect(handover.offer('order', answer)).resolves.toBeNull();
  await asking;
  await expect(handover.settled('order', 10)).resolves.toBeNull();
});

test('fails as the sending fails, and asks no longer', async () => {
  const handover = new PaymentHandover();

  await expect(handover.ask('order', () => Promise.reject(new Error('no broker')))).rejects.toThrow('no broker');
  await expect(handover.offer('order', answer)).resolves.toBeNull();
});

test('stops waiting where the answers go to other instances, and starts again when they come', async () => {
  const handover = new PaymentHandover();
  /** Whether an ask is still open some time after it was sent. */
  const waits = async (answered: boolean): Promise<boolean> => {
    const asking = handover.ask('order', sent);
    await new Promise((resolve) => setImmediate(resolve));
    const isOpen = await Promise.race([asking.then(() => false), new Promise((r) => setImmediate(() => r(true)))]);
    if (answered) void handover.offer('order', answer);
    await asking;
    return isOpen === true;
  };
  const many = async (answered: boolean): Promise<boolean[]> => {
    const results: boolean[] = [];
    for (let i = 0; i < 60; i++) results.push(await waits(answered));
    return results;
  };

  const alone = await many(false);
  expect(alone.slice(0, 10)).not.toContain(false);
  expect(alone.slice(-20).filter(Boolean)).toHaveLength(1);

  for (let i = 0; i < 6; i++) await many(true);
  expect((await many(true)).slice(-10)).not.toContain(false);
}, 20_000);
