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
])('%s -> %s: %s', (from, to, allowed) => {
  expect(canTransition(from, to)).toBe(allowed);
});

test('the table names every status, and no other', () => {
  expect(Object.keys(TRANSITIONS)).toEqual(Object.values(OrderStatus));
});

test('a status is final unless the order is placed', () => {
  const statuses = [placed, shipped, cancelled, 'complete', 'failed', 'unheard of'];
  expect(statuses.filter(isFinal)).toEqual(statuses.slice(1));
});

test.each([
  ['shipped', shipped],
  ['complete', shipped],
  ['cancelled', cancelled],
  ['failed', cancelled],
  ['unheard of', cancelled],
  ['constructor', cancelled],
])('an order stored as %s is settled as %s', (stored, status) => {
  expect(settledStatusOf(stored)).toBe(status);
  expect(orderStatusOf(stored)).toBe(status);
});

test.each([
  ['success', 'success'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['pending', 'cancelled'],
])('a settled order with the payment status %s counts as %s', (stored, status) => {
  expect(settledPaymentStatusOf(stored)).toBe(status);
});
