import { expect, test } from '@jest/globals';
import { moneyOf } from './order-money';

const order = (paymentStatus: string, orderStatus = 'shipped') => ({ totalAmount: 90, orderStatus, paymentStatus });

test('the payment decides what was taken and refunded', () => {
  expect(moneyOf(order('success'), { amount: 85, status: 'success' })).toEqual({ asked: 90, taken: 85, refunded: 0 });
  expect(moneyOf(order('success'), { amount: 85, status: 'refunded' })).toEqual({ asked: 90, taken: 85, refunded: 85 });
  expect(moneyOf(order('failed'), { amount: 90, status: 'failed' })).toEqual({ asked: 90, taken: 0, refunded: 0 });
  expect(moneyOf(order('cancelled'), { amount: null, status: 'void' })).toEqual({ asked: 90, taken: 0, refunded: 0 });
});

test('a cancelled order does not know what happened to its payment', () => {
  const cancelled = order('cancelled', 'cancelled');
  expect(moneyOf(cancelled, undefined)).toEqual({ asked: 90, taken: null, refunded: null });
  expect(moneyOf(cancelled, null)).toEqual({ asked: 90, taken: 0, refunded: 0 });
  expect(moneyOf(cancelled, { amount: 90, status: 'refunded' })).toEqual({ asked: 90, taken: 90, refunded: 90 });
});

test('without the payment, the order says whether its total was taken and refunded', () => {
  expect(moneyOf(order('success'), undefined)).toEqual({ asked: 90, taken: 90, refunded: 0 });
  expect(moneyOf(order('refunded'), undefined)).toEqual({ asked: 90, taken: 90, refunded: 90 });
  expect(moneyOf(order('pending', 'placed'), undefined)).toEqual({ asked: 90, taken: 0, refunded: 0 });
});
