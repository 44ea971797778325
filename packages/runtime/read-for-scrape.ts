import pTimeout from 'p-timeout';
import { shareReads } from './share-reads';

/** How long a scrape waits for a read, in milliseconds. RabbitMQ does not answer while it blocks the publishers. */
const WAIT_MS = 2_000;
/** A read that takes longer, in milliseconds, is no longer waited for: it continues while scrapes use the former result. */
const SLOW_MS = 250;
const WAIT_AFTER_SLOW_MS = 50; // enough for a source that is available again
/** The maximum age of a former result, in milliseconds: four scrapes of Prometheus at its usual interval. */
const MAX_AGE_MS = 60_000;

/**
 * Wraps a read so that scrapes hardly wait for a source that hangs. The first scrape waits up to 2 seconds. While the source
 * stays slow, the following ones return the result of the read before, and start the next read. While a read hangs, no
 * other is started.
 *
 * @returns a function that returns null if there is no value: the read failed, or has not ended
 */
export function readForScrape<T>(read: () => Promise<T>): () => Promise<T | null> {
  let last: { value: T | null; atMs: number } | null = null;
  let slow = false;
  const record = (value: T | null): T | null => {
    last = { value, atMs: performance.now() };
    return value;
  };
  const readOnce = shareReads(async () => {
    const beganAtMs = performance.now();
    const value = await read().catch(() => null);
    slow = performance.now() - beganAtMs > SLOW_MS;
    return record(value);
  });
  const giveUp = (): null => {
    slow = true;
    record(null);
    return null;
  };
  return () => {
    const former = slow && last && performance.now() - last.atMs < MAX_AGE_MS ? last : null;
    return former
      ? pTimeout(readOnce(), { milliseconds: WAIT_AFTER_SLOW_MS, fallback: () => former.value })
      : pTimeout(readOnce(), { milliseconds: WAIT_MS, fallback: giveUp });
  };
}
