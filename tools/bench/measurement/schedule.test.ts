import { expect, test } from '@jest/globals';
import { orderForRepetition } from './schedule';

const CANDIDATES = [1, 2, 3, 4, 5, 6];

test.each([[[1]], [[1, 2, 3]], [CANDIDATES]])(
  'each of %j runs once per repetition, and is the first in one repetition',
  (all) => {
    const orders = all.map((_, repetition) => orderForRepetition(all, repetition));
    for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual(all);
    expect(orders.map(([first]) => first)).toEqual(all);
  },
);

test('in six repetitions of six candidates no candidate follows the same one twice', () => {
  const pairs = CANDIDATES.flatMap((_, repetition) => {
    const order = orderForRepetition(CANDIDATES, repetition);
    return order.slice(1).map((candidate, index) => `${candidate} after ${order[index]}`);
  });
  expect(new Set(pairs).size).toBe(30);
});
