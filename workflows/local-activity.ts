import {
  ActivityFailure,
  ApplicationFailure,
  proxyLocalActivities,
  rootCause,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import type { OrderActivities } from './contract';
import type { PaymentInbox } from './payment-inbox';
import type { Timeline } from './timeline';
import { waitForOutcome } from './wait-for-outcome';

/**
 * The steps on this service's database and broker. They are local activities, which cost a third of ordinary
 * ones. A local activity holds its workflow task open, so its attempts are short and few. `retried` waits between rounds.
 */
export const orders = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '6s', // of all attempts: a cancel waits for them
  retry: { initialInterval: '200ms', maximumAttempts: 3 },
});

const PAUSE_MS = { first: 1_000, longest: 30_000 };

/**
 * Runs a local activity until it succeeds. Between two rounds of attempts it waits on a labelled timer, so that signals
 * are handled and operators see what the saga waits for.
 *
 * @param step what the activity does, for the timeline and the timer's label
 * @param inbox ends the retries once it holds an outcome
 * @returns the result; `decided` if the inbox received an outcome first
 * @throws {TemporalFailure} if the activity failed with an error that cannot be retried
 */
export async function retried<T>(
  step: string,
  timeline: Timeline,
  run: () => Promise<T>,
  inbox: PaymentInbox,
): Promise<T | 'decided'>;
export async function retried<T>(step: string, timeline: Timeline, run: () => Promise<T>): Promise<T>;
export async function retried<T>(
  step: string,
  timeline: Timeline,
  run: () => Promise<T>,
  inbox?: PaymentInbox,
): Promise<T | 'decided'> {
  for (let pauseMs = PAUSE_MS.first; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isPermanent(error)) throw error;
      if (inbox?.outcome) return 'decided';
      timeline.addFailure(step, rootCause(error));
    }
    const summary = `Retry: ${step}`;
    if (inbox) await waitForOutcome(inbox, pauseMs, summary);
    else await sleep(pauseMs, { summary });
    if (inbox?.outcome) return 'decided';
  }
}

/** Returns whether an activity failed with an error that must not be retried. */
export function isPermanent(failure: TemporalFailure): boolean {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure; // local activities have no wrapper
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
