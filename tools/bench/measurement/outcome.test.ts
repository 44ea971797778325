import { expect, test } from '@jest/globals';
import type { Post } from '../load/load';
import { outcomeOf } from './outcome';

/** Ten orders, one every 100 ms from 1,000 ms on; each is accepted after 10 ms. */
const posts = Array.from({ length: 10 }, (_, n): Post => ({
  orderId: `order-${n}`,
  status: 201,
  retryAfter: false,
  sentAtMs: 1_000 + n * 100,
  tookMs: 10,
}));
const rejectedWith = (status: number, retryAfter = false): Post => ({
  orderId: null,
  status,
  retryAfter,
  sentAtMs: 1_900,
  tookMs: 10,
});
/** Each order settles 50 ms after it was sent. */
const settledAt = new Map(posts.map(({ orderId, sentAtMs }) => [orderId!, sentAtMs + 50]));

test('measures rates from the first POST', () => {
  expect(outcomeOf(posts, settledAt, 2_000)).toMatchObject({
    orders: 10,
    offeredPerSecond: 10,
    acceptedPerSecond: 10 / 0.91,
    settledPerSecond: 10 / 0.95,
    seconds: 0.95,
    settledP50: 50,
    unsettled: 0,
  });
});

test('counts an unsettled order as settled at the end of the wait', () => {
  const withoutLast = new Map([...settledAt].slice(0, -1));
  expect(outcomeOf(posts, withoutLast, 10_000)).toMatchObject({
    settledPerSecond: 1,
    seconds: 9,
    settledP99: 8_100,
    unsettled: 1,
  });
});

test('counts a rejection as invalid unless it is a 503 with Retry-After', () => {
  const rejected = [rejectedWith(503, true), rejectedWith(503), rejectedWith(500), rejectedWith(0)];
  expect(outcomeOf([...posts, ...rejected], settledAt, 2_000)).toMatchObject({
    orders: 10,
    rejected: { 0: 1, 500: 1, 503: 2 },
    invalidResponses: 3,
  });
});
