import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import type { Settlement } from '@shop/workflows/contract';
import { Settlements } from './settlements';

const shipped: Settlement = {
  orderStatus: 'shipped',
  paymentStatus: 'success',
  paymentId: randomUUID(),
  cancellation: null,
};
const cancelled: Settlement = {
  orderStatus: 'cancelled',
  paymentStatus: 'cancelled',
  paymentId: null,
  cancellation: { code: 'customer-cancelled', reason: 'The customer cancelled the order.' },
};

let settlements: Settlements;
beforeEach(() => {
  settlements = new Settlements();
});

test('reports how an order ended to every caller that waits for it', async () => {
  const waiting = [settlements.next('one', 5_000), settlements.next('one', 5_000)];

  settlements.publish('one', shipped);

  await expect(Promise.all(waiting)).resolves.toEqual([shipped, shipped]);
});

test('returns null if the order is not settled in time', async () => {
  const waiting = settlements.next('one', 10);
  settlements.publish('another', shipped);

  await expect(waiting).resolves.toBeNull();
});

test('reports whether a payment has settled an order within a time', async () => {
  expect(settlements.hasPaidWithin(1_000)).toBe(false);
  settlements.publish('one', shipped);

  expect(settlements.hasPaidWithin(1_000)).toBe(true);
  await delay(20);
  expect(settlements.hasPaidWithin(10)).toBe(false);
});

test('does not count an order that ended without a payment', () => {
  settlements.publish('one', cancelled);

  expect(settlements.hasPaidWithin(1_000)).toBe(false);
});
