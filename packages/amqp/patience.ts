import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 3_000;

/**
 * Waits for the broker to answer while we pause or stop, but not for ever: one that has fallen silent, blocks publishers,
 * or is gone, does not hold up the end of the process. What it has not heard by then it delivers again.
 */
export async function patiently(answer: Promise<unknown> | undefined): Promise<void> {
  await Promise.race([answer?.catch(() => undefined), delay(PATIENCE_MS, undefined, { ref: false })]);
}
