import { expect, test } from '@jest/globals';
import type { Post } from '../load/load';
import { outcomeOf } from './outcome';

/** Ten orders, one each 100 ms from 1,000 on; each is answered 10 ms later. */
const posts = Array.from({ length: 10 }, (_, n): Post => ({
  orderId: `order-${n}`,
  status: 201,
  retryAfter: false,
  sentAtMs: 1_000 + n * 100,
  tookMs: 10,
}));
const refusedWith = (status: number, retryAfter = false): Post => ({
  orderId: null,
  status,
  retryAfter,
  sentAtMs: 1_900,
  tookMs: 10,
});
/** Each 50 ms after it was sent. */
const settledAt = new Map(posts.map(({ orderId, sentAtMs }) => [orderId!, sentAtMs + 50]));

test('rates are from the first POST on', () => {
  expect(outcomeOf(posts, settledAt, 2_000)).toMatchObject({
    orders: 10,
    askedPerSecond: 10,
    acceptedPerSecond: 10 / 0.91,
    settledPerSecond: 10 / 0.95,
    seconds: 0.95,
    settledP50: 50,
    unsettled: 0,
  });
});

test('what has not settled makes a case slower, not faster', () => {
  const withoutLast = new Map([...settledAt].slice(0, -1));
  expect(outcomeOf(posts, withoutLast, 10_000)).toMatchObject({
    settledPerSecond: 1,
    seconds: 9,
    settledP99: 8_100,
    unsettled: 1,
  });
});

test('a refusal is wrong unless it says when to ask again', () => {
  const refused = [refusedWith(503, true), refusedWith(503), refusedWith(500), refusedWith(0)];
  expect(outcomeOf([...posts, ...refused], settledAt, 2_000)).toMatchObject({
    orders: 10,
    refused: { 0: 1, 500: 1, 503: 2 },
    wrong: 3,
  });
});
