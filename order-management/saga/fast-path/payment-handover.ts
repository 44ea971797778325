import type { PaymentAnswer, PaymentRequest, Settlement } from '@shop/workflows/contract';
import pTimeout from 'p-timeout';
import type { Settlements } from '../../orders/settlements';
import { FAST_PATH } from './options';
import { SuccessRate } from './success-rate';

export interface RequestedPayment extends Pick<PaymentRequest, 'orderId'> {
  /** The amount that the answer must have; null if the answer may have any. */
  totalAmount: string | null;
}

export interface PaymentHandoverOptions {
  settlements: Pick<Settlements, 'next'>;
  /** Whether answers are handed over at all: `PAYMENT_FAST_PATH`. */
  enabled: boolean;
  answerWithinMs?: number;
  settledWithinMs?: number;
}

/**
 * Hands a payment answer to the saga that waits for it in this process: the answer becomes the result of the saga's
 * activity `requestPayment`, and its next steps run in the same workflow task. That saves Temporal a signal and the saga
 * a second task, which is more than half of their cost.
 *
 * Correctness does not depend on it. Both sides wait briefly, then rely on the signal, which is durable.
 */
export class PaymentHandover {
  private readonly requests = new Map<
    string,
    { totalAmount: string | null; resolve: (answer: PaymentAnswer) => void }
  >();
  private readonly answered = new SuccessRate(FAST_PATH.minAnsweredShare);
  private readonly options: Required<PaymentHandoverOptions>;

  constructor(options: PaymentHandoverOptions) {
    const { answerWithinMs, settledWithinMs } = FAST_PATH;
    this.options = { answerWithinMs, settledWithinMs, ...options };
  }

  /**
   * Sends a payment request and waits briefly for its answer.
   *
   * @returns the answer; null if it does not arrive in time, or arrives in another process
   * @throws what `send` throws
   */
  async request({ orderId, totalAmount }: RequestedPayment, send: () => Promise<void>): Promise<PaymentAnswer | null> {
    const { enabled, answerWithinMs } = this.options;
    if (!enabled || !this.answered.isWorthWaiting()) {
      await send();
      return null;
    }
    let resolve!: (value: PaymentAnswer) => void;
    const promise = new Promise<PaymentAnswer>((settle) => (resolve = settle));
    this.requests.set(orderId, { totalAmount, resolve });
    try {
      await send();
      const answer = await pTimeout(promise, { milliseconds: answerWithinMs, fallback: () => null });
      this.answered.record(answer !== null);
      return answer;
    } finally {
      this.requests.delete(orderId);
    }
  }

  /** Returns the amount that the answer to the request that waits in this process must have; null if none waits. */
  amountOf(orderId: string): string | null {
    return this.requests.get(orderId)?.totalAmount ?? null;
  }

  /**
   * Hands an answer to the saga that waits for it in this process, and waits until the saga has settled the order.
   *
   * @returns how the order ended; null if no saga waits here, or the order is not settled in time
   */
  async offer(orderId: string, answer: PaymentAnswer): Promise<Settlement | null> {
    const request = this.requests.get(orderId);
    if (!request) return null;
    this.requests.delete(orderId); // a second answer is signalled
    const settled = this.options.settlements.next(orderId, this.options.settledWithinMs);
    request.resolve(answer);
    return settled;
  }
}
