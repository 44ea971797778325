import type { Post } from '../load/load';
import { quantile } from './statistics';

/** What became of the orders of a case. Rates are a second, latencies in milliseconds from the moment of the POST. */
export interface Outcome {
  orders: number;
  /** POSTs that were not answered 201, by what they were answered instead; 0 is no answer at all. */
  refused: Record<string, number>;
  /** Refusals that a client cannot act upon: neither a 201 nor a 503 that says when to ask again. */
  wrong: number;
  /** From the first POST to the last. */
  askedPerSecond: number;
  acceptedPerSecond: number;
  settledPerSecond: number;
  postP50: number;
  postP99: number;
  settledP50: number;
  settledP99: number;
  /** From the first POST to the last order settled, in seconds. */
  seconds: number;
  unsettled: number;
}

/**
 * Makes figures of what was posted and what settled.
 *
 * @param posts in the order sent
 * @param settledAt when each order did, in milliseconds since 1970
 * @param gaveUpAtMs until when they were waited for: those that had not settled count as if they had then, so that
 *   losing the slow ones makes nobody faster
 */
export function outcomeOf(posts: Post[], settledAt: ReadonlyMap<string, number>, gaveUpAtMs: number): Outcome {
  const accepted = posts.filter(({ orderId }) => orderId !== null);
  const endedAtMs = accepted.map(({ orderId }) => settledAt.get(orderId!) ?? gaveUpAtMs);
  const settled = accepted.filter(({ orderId }) => settledAt.has(orderId!)).length;
  const firstMs = posts[0]!.sentAtMs;
  const askedSeconds = (posts.at(-1)!.sentAtMs - firstMs) / 1_000;
  const acceptedSeconds = (maxOf(accepted.map(({ sentAtMs, tookMs }) => sentAtMs + tookMs)) - firstMs) / 1_000;
  const seconds = (maxOf(endedAtMs) - firstMs) / 1_000;
  const postMs = accepted.map(({ tookMs }) => tookMs);
  const settledMs = accepted.map(({ sentAtMs }, index) => Math.max(0, endedAtMs[index]! - sentAtMs));

  const refused: Record<string, number> = {};
  for (const { status } of posts.filter(({ orderId }) => orderId === null)) {
    refused[status] = (refused[status] ?? 0) + 1;
  }
  return {
    orders: accepted.length,
    refused,
    wrong: posts.filter(({ status, retryAfter }) => status !== 201 && !(status === 503 && retryAfter)).length,
    askedPerSecond: (posts.length - 1) / askedSeconds,
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

const maxOf = (values: number[]): number => values.reduce((most, value) => Math.max(most, value), -Infinity);
