import { setHandler } from '@temporalio/workflow';
import {
  cancelRequested,
  paymentSettled,
  type Cancellation,
  type PaymentAnswer,
  type SagaStatus,
  type Settlement,
} from './contract';

/** How the payment of an order came out: paid, or why not. */
export type PaymentOutcome = ({ success: true; paymentId: string } | { success: false; why: Cancellation }) & {
  /** How it has settled the order already, where it came at once. */
  settled?: Settlement | undefined;
};

/**
 * What the saga has been told: payment answers and the customer's cancel.
 *
 * The first of them decides; the rest is kept, because a payment that did not settle its order must be refunded.
 * Temporal does not deduplicate signals of different requests, so the inbox does, by payment id.
 */
export class Inbox {
  readonly answers: PaymentAnswer[] = [];
  private tellDecided!: (outcome: PaymentOutcome) => void;
  outcome: PaymentOutcome | null = null;
  /** Settles with `outcome`. */
  readonly decided = new Promise<PaymentOutcome>((resolve) => (this.tellDecided = resolve));
  /** Whether it is known that the broker has confirmed a request for the payment: what comes of that will be answered. */
  requestConfirmed = false;

  /** @param known answers that arrived before the saga began */
  constructor(known: PaymentAnswer[] = []) {
    for (const answer of known) this.receive(answer);
    setHandler(paymentSettled, (answer) => this.receive(answer), { description: 'The payment service has answered.' });
    setHandler(cancelRequested, () => void this.decide(notPaid('cancel requested')), {
      description: 'The customer cancels the order; its row says so already.',
    });
  }

  /** @param settled how the answer has settled the order, if it has */
  receive(answer: PaymentAnswer, settled?: Settlement): void {
    const repeated = this.answers.some((a) => a.paymentId === answer.paymentId && a.success === answer.success);
    if (repeated) return;
    this.answers.push(answer);
    this.decide(
      answer.success
        ? { success: true, paymentId: answer.paymentId, settled }
        : { success: false, why: { paymentStatus: 'failed', paymentId: answer.paymentId }, settled },
    );
  }

  /** Decides the payment, unless something else has. */
  decide(outcome: PaymentOutcome): PaymentOutcome {
    this.outcome ??= outcome;
    this.tellDecided(this.outcome);
    return this.outcome;
  }

  /** What the query `status` answers. */
  status(settlement: Settlement | null): SagaStatus {
    const stage = settlement ? 'settled' : this.outcome ? 'settling' : 'awaiting payment';
    return { stage, settlement, answers: this.answers };
  }
}

/** No payment: the customer, an operator, or the end of our patience came first. */
export const notPaid = (reason: string): PaymentOutcome => ({
  success: false,
  why: { paymentStatus: 'cancelled', reason },
});
