import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { FAST_PATH } from './options';
import { Rush } from './rush';

/** Accepts a number of orders concurrently. */
const accept = (rush: Rush, orders: number): Promise<unknown> =>
  Promise.all(Array.from({ length: orders }, () => rush.observe(() => delay(0))));

test('is on while several orders are being accepted concurrently, and shortly afterwards', async () => {
  const rush = new Rush();
  await accept(rush, FAST_PATH.rush.concurrentOrders - 1);
  expect(rush.isOn).toBe(false);

  await accept(rush, FAST_PATH.rush.concurrentOrders);
  expect(rush.isOn).toBe(true);
  await delay(FAST_PATH.rush.quietMs + 20);
  expect(rush.isOn).toBe(false);
});

test('returns the result of the observed call, and throws its error', async () => {
  const rush = new Rush();

  await expect(rush.observe(async () => 'accepted')).resolves.toBe('accepted');
  await expect(rush.observe(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});
