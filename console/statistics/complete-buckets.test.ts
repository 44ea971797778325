import { expect, test } from '@jest/globals';
import { completeBuckets } from './complete-buckets';

test('adds the buckets in which no order was placed', () => {
  const bucket = {
    start: '2026-11-28T11:00:00.000Z',
    placed: 0,
    shipped: 2,
    cancelled: 0,
    refunded: 0,
    placedAmount: 0,
    shippedAmount: 20,
    cancelledAmount: 0,
    refundedAmount: 0,
    settleP50: 1,
    settleP95: 2,
  };

  const complete = completeBuckets({
    from: '2026-11-28T10:20:00.000Z',
    to: '2026-11-28T12:34:56.000Z',
    bucketSeconds: 3_600,
    buckets: [bucket],
  });

  expect(complete.map(({ start, shipped }) => [start, shipped])).toEqual([
    ['2026-11-28T10:00:00.000Z', 0],
    ['2026-11-28T11:00:00.000Z', 2],
    ['2026-11-28T12:00:00.000Z', 0],
  ]);
});
