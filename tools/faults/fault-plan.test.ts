import { expect, test } from '@jest/globals';
import { planOf } from './fault-plan';

test('a seed determines the plan', () => {
  expect(planOf(7, 2_000)).toEqual(planOf(7, 2_000));
  expect(planOf(7, 2_000)).not.toEqual(planOf(8, 2_000));
});

test.each([1, 2, 3])('the plan of seed %d contains every kind of fault, in sequence, before the load ends', (seed) => {
  const plan = planOf(seed, 2_000);

  expect(new Set(plan.map(({ fault }) => fault.kind)).size).toBe(32);
  const moments = plan.map(({ afterOrders }) => afterOrders);
  expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  expect(moments.at(-1)).toBeLessThan(2_000);
});
