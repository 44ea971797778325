import type { Settlement } from '@shop/workflows/contract';
import pTimeout from 'p-timeout';

/** Notifies code that waits for an order when this process settles that order. */
export class Settlements {
  private readonly waiting = new Map<string, Set<(settlement: Settlement) => void>>();
  private paidAtMs = -Infinity;

  /** Announces how an order ended. The caller must have committed the order's row first. */
  publish(orderId: string, settlement: Settlement): void {
    if (settlement.paymentId !== null) this.paidAtMs = performance.now();
    for (const resolve of this.waiting.get(orderId) ?? []) resolve(settlement);
  }

  /** Waits until this process settles an order. Returns how it ended, or null after `withinMs` milliseconds. */
  async next(orderId: string, withinMs: number): Promise<Settlement | null> {
    const waiting = this.waiting.get(orderId) ?? new Set();
    this.waiting.set(orderId, waiting);
    let resolve!: (value: Settlement) => void;
    const promise = new Promise<Settlement>((settle) => (resolve = settle));
    waiting.add(resolve);
    try {
      return await pTimeout(promise, { milliseconds: withinMs, fallback: () => null });
    } finally {
      waiting.delete(resolve);
      if (waiting.size === 0) this.waiting.delete(orderId);
    }
  }

  /**
   * Returns whether a payment answer has settled an order in this process within the last `ms` milliseconds. Cancels and
   * timeouts do not count, because they settle orders during an outage, too.
   */
  hasPaidWithin(ms: number): boolean {
    return performance.now() - this.paidAtMs <= ms;
  }
}
