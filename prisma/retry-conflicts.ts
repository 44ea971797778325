import { setTimeout as delay } from 'node:timers/promises';
import { sqlStateOf } from './errors';

/** SQLSTATEs after which the same statement or transaction may succeed, because PostgreSQL has undone all of it. */
const CONFLICTS = new Set([
  '40001', // serialization failure: only at a stricter isolation level than read committed
  '40P01', // deadlock
  '57P05', // the session was idle for too long, and was closed before the statement arrived
]);

// With ten orders of one product at `repeatable read`, one of them succeeds per round of tries. The pauses separate them.
const MAX_TRIES = 10;
const LONGEST_PAUSE_MS = 100;

/** Runs a statement or a transaction, and repeats it after a random pause if it conflicts with a concurrent one. */
export async function retryConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === MAX_TRIES || !CONFLICTS.has(sqlStateOf(error) ?? '')) throw error;
      await delay(Math.random() * Math.min(5 * 2 ** tries, LONGEST_PAUSE_MS));
    }
  }
}
