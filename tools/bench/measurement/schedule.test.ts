import { expect, test } from '@jest/globals';
import { orderOfTurns } from './schedule';

const SIX = [1, 2, 3, 4, 5, 6];

test.each([[[1]], [[1, 2, 3]], [SIX]])('each of %j takes one turn a repetition, and begins one in as many', (all) => {
  const orders = all.map((_, repetition) => orderOfTurns(all, repetition));
  for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual(all);
  expect(orders.map(([first]) => first)).toEqual(all);
});

test('in six repetitions none of six follows the same one twice', () => {
  const pairs = SIX.flatMap((_, repetition) => {
    const order = orderOfTurns(SIX, repetition);
    return order.slice(1).map((one, index) => `${one} after ${order[index]}`);
  });
  expect(new Set(pairs).size).toBe(30);
});
