import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { PaymentInbox } from './payment-inbox';

/**
 * Waits until the payment is decided or the timeout has elapsed. A callback cancels the timer: `condition` with a timeout
 * would create 22 promises, each of which costs the SDK a stack trace (docs/performance.md).
 *
 * @param summary label of the timer: what the saga waits for
 */
export async function waitForOutcome(inbox: PaymentInbox, timeoutMs: number, summary: string): Promise<void> {
  if (inbox.outcome) return;
  const waiting = new CancellationScope();
  inbox.onOutcome = () => waiting.cancel();
  try {
    await waiting.run(() => sleep(timeoutMs, { summary }));
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}
