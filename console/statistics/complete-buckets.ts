import type { Statistics } from '../api/types';

type Bucket = Statistics['buckets'][number];

const EMPTY: Omit<Bucket, 'start'> = {
  placed: 0,
  shipped: 0,
  cancelled: 0,
  refunded: 0,
  placedAmount: 0,
  shippedAmount: 0,
  cancelledAmount: 0,
  refundedAmount: 0,
  settleP50: null,
  settleP95: null,
};

/** Adds the buckets in which no order was placed, so that a chart shows the whole period. */
export function completeBuckets({
  from,
  to,
  bucketSeconds,
  buckets,
}: Omit<Statistics, 'total' | 'complete'>): Bucket[] {
  const bucketMs = bucketSeconds * 1_000;
  const known = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const complete: Bucket[] = [];
  for (let at = Math.floor(Date.parse(from) / bucketMs) * bucketMs; at <= Date.parse(to); at += bucketMs) {
    complete.push(known.get(at) ?? { ...EMPTY, start: new Date(at).toISOString() });
  }
  return complete;
}
