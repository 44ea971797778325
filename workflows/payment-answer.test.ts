import { expect, test } from '@jest/globals';
import { parsePaymentAnswer } from './payment-answer';

const paymentId = '0d8c0a3e-6f6f-4a53-9b7e-0a5a1d3a7c11';

test('reads a complete answer', () => {
  const answer = { paymentId, success: false, reason: 'total amount over $1000' };
  expect(parsePaymentAnswer(answer)).toEqual(answer);
});

test('reads an answer without a reason, and ignores other fields', () => {
  expect(parsePaymentAnswer({ paymentId, success: true, paidAt: 'now' })).toEqual({
    paymentId,
    success: true,
    reason: '',
  });
});

test('reads null as a missing reason', () => {
  expect(parsePaymentAnswer({ paymentId, success: true, reason: null })).toEqual({
    paymentId,
    success: true,
    reason: '',
  });
});

test('reads a payment id in upper case as the same payment', () => {
  expect(parsePaymentAnswer({ paymentId: paymentId.toUpperCase(), success: true })).toMatchObject({ paymentId });
});

test('truncates a reason that exceeds 1,000 characters', () => {
  expect(parsePaymentAnswer({ paymentId, success: false, reason: 'x'.repeat(5_000) })?.reason).toHaveLength(1_000);
});

test('replaces control characters in the reason', () => {
  expect(parsePaymentAnswer({ paymentId, success: false, reason: 'no\u0000funds' })?.reason).toBe('no funds');
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'paid'],
  ['an empty object', {}],
  ['success as a string', { paymentId, success: 'false' }],
  ['a misspelt field name', { payment_id: paymentId, success: true }],
  ['a payment id that is not a UUID', { paymentId: 'abc', success: true }],
  ['a payment id that is a number', { paymentId: 7, success: true }],
  ['a reason that is no text', { paymentId, success: true, reason: { not: 'a text' } }],
])('rejects %s', (_, value) => {
  expect(parsePaymentAnswer(value)).toBeNull();
});
