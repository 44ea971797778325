import type { PaymentAnswer, Settlement } from '@shop/workflows/contract';
import { within } from './within';
import { WorthWaiting } from './worth-waiting';

/**
 * Where an answer meets the very process whose saga asks for it: the answer goes into the step that asked, which settles
 * the order by it, all in one workflow task. That saves Temporal a signal and the saga a second task, more than half of
 * what they cost. Nothing relies on it: whoever waits here waits for a moment, and then goes the durable way.
 */
export class PaymentHandover {
  private readonly asking = new Map<string, (answer: PaymentAnswer) => void>();
  private readonly answerWithinMs: number;
  private readonly settledWithinMs: number;
  private readonly answers: WorthWaiting;
  private paidAtMs = -Infinity;
  private readonly settling = new Map<string, Set<(settled: Settlement) => void>>();

  /**
   * @param answerWithinMs longer than an answer takes on a system that is not overloaded; it holds a workflow task, for
   *   which signals and cancels wait, so it must be short
   * @param settledWithinMs then comes the signal, which the saga knows for a repetition should it have settled after all
   * @param worthWaiting the share of answers below which waiting for them costs more than it saves, as others get them
   */
  constructor({ answerWithinMs = 150, settledWithinMs = 1_000, worthWaiting = 0.4 } = {}) {
    this.answerWithinMs = answerWithinMs;
    this.settledWithinMs = settledWithinMs;
    this.answers = new WorthWaiting(worthWaiting);
  }

  /**
   * Sends a request for a payment and waits a moment for its answer.
   *
   * @returns the answer; null where it did not come in time, or went to another process
   */
  async ask(orderId: string, send: () => Promise<void>): Promise<PaymentAnswer | null> {
    if (!this.answers.isWorthIt()) {
      await send();
      return null;
    }
    const answered = new Promise<PaymentAnswer>((resolve) => this.asking.set(orderId, resolve));
    try {
      await send();
      const answer = await within(this.answerWithinMs, answered);
      this.answers.tell(answer !== null);
      return answer;
    } finally {
      this.asking.delete(orderId);
    }
  }

  /**
   * Hands an answer to a saga that asks for it in this process.
   *
   * @returns how the order ended; null where nobody asks, or the order was not settled in time
   */
  async offer(orderId: string, answer: PaymentAnswer): Promise<Settlement | null> {
    const take = this.asking.get(orderId);
    if (!take) return null;
    this.asking.delete(orderId); // a second answer goes the other way
    const settled = this.settled(orderId);
    take(answer);
    return settled;
  }

  /** Waits until a step of this process settles an order. @returns how it ended; null where it took too long */
  async settled(orderId: string, withinMs = this.settledWithinMs): Promise<Settlement | null> {
    const waiting = this.settling.get(orderId) ?? new Set();
    this.settling.set(orderId, waiting);
    let hear: (settled: Settlement) => void;
    const heard = new Promise<Settlement>((resolve) => waiting.add((hear = resolve)));
    try {
      return await within(withinMs, heard);
    } finally {
      waiting.delete(hear!);
      if (waiting.size === 0) this.settling.delete(orderId);
    }
  }

  /** Tells those who wait that an order is settled; its row says so by then. @returns how it ended, as it was told */
  tellSettled(orderId: string, settled: Settlement): Settlement {
    if (settled.paymentId !== null) this.paidAtMs = performance.now();
    for (const hear of this.settling.get(orderId) ?? []) hear(settled);
    return settled;
  }

  /** Whether a payment's answer has settled an order here lately; cancels and lost patience do so in an outage, too. */
  hasSettledWithin(ms: number): boolean {
    return performance.now() - this.paidAtMs <= ms;
  }
}
