import { expect, test } from '@jest/globals';
import {
  canTransition,
  isFinal,
  OrderStatus,
  orderStatusOf,
  settledPaymentStatusOf,
  settledStatusOf,
  TRANSITIONS,
} from './order-status';

const { placed, shipped, cancelled } = OrderStatus;

test.each([
  [placed, placed, false],
  [placed, shipped, true],
  [placed, cancelled, true],
  [shipped, placed, false],
  [shipped, shipped, false],
  [shipped, cancelled, false],
  [cancelled, placed, false],
  [cancelled, shipped, false],
  [cancelled, cancelled, false],
  ['complete', placed, false],
  ['complete', shipped, false],
  ['complete', cancelled, false],
  ['failed', placed, false],
  ['failed', shipped, false],
  ['failed', cancelled, false],
])('decides whether %s may become %s: %s', (from, to, allowed) => {
  expect(canTransition(from, to)).toBe(allowed);
});

test('lists each status once in the transition table', () => {
  expect(Object.keys(TRANSITIONS)).toEqual(Object.values(OrderStatus));
});

test('treats every status except placed as final', () => {
  const statuses = [placed, shipped, cancelled, 'complete', 'failed', 'unknown'];
  expect(statuses.filter(isFinal)).toEqual(statuses.slice(1));
});

test.each([
  ['shipped', shipped],
  ['complete', shipped],
  ['cancelled', cancelled],
  ['failed', cancelled],
  ['unknown', cancelled],
  ['constructor', cancelled],
])('reads an order stored as %s as %s', (stored, status) => {
  expect(settledStatusOf(stored)).toBe(status);
  expect(orderStatusOf(stored)).toBe(status);
});

test.each([
  ['success', 'success'],
  ['failed', 'failed'],
  ['refunded', 'refunded'],
  ['cancelled', 'cancelled'],
  ['pending', 'cancelled'],
])('reads the payment status %s of a settled order as %s', (stored, status) => {
  expect(settledPaymentStatusOf(stored)).toBe(status);
});
