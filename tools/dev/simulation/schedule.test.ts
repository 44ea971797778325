import { expect, test } from '@jest/globals';
import { Schedule } from './schedule';

/** Takes the orders that are due from one time to another. */
const takeFor = (schedule: Schedule, fromMs: number, toMs: number): number => {
  let taken = 0;
  for (let now = fromMs; now < toMs; now++) taken += schedule.take(now);
  return taken;
};

test.each([0.5, 3, 20, 250])('%d orders per second are due on average', (rate) => {
  expect(takeFor(new Schedule(rate, 5_000), 5_000, 65_000)).toBe(rate * 60);
});

test('an order is due at once, the next one after the interval', () => {
  const schedule = new Schedule(0.1, 0);
  expect([0, 9_999, 10_000, 10_000].map((now) => schedule.take(now))).toEqual([1, 0, 1, 0]);
});

test('what became due during a long pause is not placed in a burst', () => {
  const schedule = new Schedule(20, 0);
  schedule.take(0);
  expect(schedule.take(60_000)).toBe(1);
  expect(takeFor(schedule, 60_001, 61_000)).toBe(19);
});

test('after a short pause the missing orders follow', () => {
  const schedule = new Schedule(20, 0);
  schedule.take(0);
  expect(schedule.take(500)).toBe(10);
});
