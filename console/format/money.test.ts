import { expect, test } from '@jest/globals';
import { parseMoney, totalOf } from './money';

test('sums lines without a rounding error', () => {
  expect(
    totalOf([
      { price: 0.1, quantity: 3 },
      { price: 59.97, quantity: 1 },
    ]),
  ).toBe(60.27);
});

test.each([
  ['12', 12],
  ['12.5', 12.5],
  ['12,50', 12.5],
  [' 0.05 ', 0.05],
])('reads %j as %d dollars', (text, amount) => {
  expect(parseMoney(text)).toBe(amount);
});

test.each(['', '-1', '1.234', '1e3', '1,000.00', 'five', '999999999'])('does not read %j as an amount', (text) => {
  expect(parseMoney(text)).toBeNull();
});
