import type { Post } from '../load/load';
import { quantile } from './statistics';

/** The result of a load. Rates are orders per second; latencies are milliseconds from the sending of the POST. */
export interface Outcome {
  /** The number of accepted orders. */
  orders: number;
  /** The number of POSTs that were not accepted, by HTTP status; 0 is no response. */
  rejected: Record<string, number>;
  /** The number of rejections that a client cannot act upon: anything but a 503 with `Retry-After`. */
  invalidResponses: number;
  /** The rate at which the client sent orders, from the first POST to the last. */
  offeredPerSecond: number;
  /** From the first POST to the last 201. */
  acceptedPerSecond: number;
  /** From the first POST to the last settled order. */
  settledPerSecond: number;
  postP50: number;
  postP99: number;
  settledP50: number;
  settledP99: number;
  /** The time from the first POST to the last settled order. */
  seconds: number;
  /** The number of accepted orders that did not settle in time. */
  unsettled: number;
}

/**
 * Computes the rates and latencies of a load.
 *
 * @param posts in the order in which they were sent
 * @param settledAt when each order settled, in milliseconds since 1970
 * @param waitEndedAtMs when the wait for the orders ended. Unsettled orders count as if they had settled then: otherwise
 *   losing slow orders would improve the figures.
 */
export function outcomeOf(posts: Post[], settledAt: ReadonlyMap<string, number>, waitEndedAtMs: number): Outcome {
  const accepted = posts.filter(({ orderId }) => orderId !== null);
  const endedAtMs = accepted.map(({ orderId }) => settledAt.get(orderId!) ?? waitEndedAtMs);
  const settled = accepted.filter(({ orderId }) => settledAt.has(orderId!)).length;
  const firstMs = posts[0]!.sentAtMs;
  const offeredSeconds = (posts.at(-1)!.sentAtMs - firstMs) / 1_000;
  const acceptedSeconds = (maxOf(accepted.map(({ sentAtMs, tookMs }) => sentAtMs + tookMs)) - firstMs) / 1_000;
  const seconds = (maxOf(endedAtMs) - firstMs) / 1_000;
  const postMs = accepted.map(({ tookMs }) => tookMs);
  const settledMs = accepted.map(({ sentAtMs }, index) => Math.max(0, endedAtMs[index]! - sentAtMs));

  const rejected: Record<string, number> = {};
  for (const { status } of posts.filter(({ orderId }) => orderId === null)) {
    rejected[status] = (rejected[status] ?? 0) + 1;
  }
  return {
    orders: accepted.length,
    rejected,
    invalidResponses: posts.filter(({ status, retryAfter }) => status !== 201 && !(status === 503 && retryAfter))
      .length,
    offeredPerSecond: (posts.length - 1) / offeredSeconds,
    acceptedPerSecond: accepted.length / acceptedSeconds,
    settledPerSecond: settled / seconds,
    postP50: quantile(postMs, 0.5),
    postP99: quantile(postMs, 0.99),
    settledP50: quantile(settledMs, 0.5),
    settledP99: quantile(settledMs, 0.99),
    seconds,
    unsettled: accepted.length - settled,
  };
}

// Math.max(...values) fails for more values than fit on the stack.
const maxOf = (values: number[]): number => values.reduce((max, value) => Math.max(max, value), -Infinity);
