import type { CancellationCode, CancelOrderInput, PaymentAnswer } from './contract';
import { parsePaymentAnswer } from './payment-answer';
import { plainText } from './plain-text';
import type { Timeline } from './timeline';

/**
 * More answers than this are ignored. Each payment service answers a request once, and a saga sends at most 100. Any client
 * of Temporal can send more, and each payment starts a refund: a workflow may have 2,000 children that have not ended.
 */
const MAX_ANSWERS = 500;

/** The outcome of a payment: paid, or the reason why the order must be cancelled. */
export type PaymentOutcome = { success: true; paymentId: string } | { success: false; cancellation: CancelOrderInput };

/**
 * Keeps what the saga received: payment answers and cancel requests.
 *
 * The first one decides the payment. The others are kept, because each payment that did not settle its order must be
 * refunded. Temporal deduplicates only repeated requests, so the inbox removes repeated answers, by payment id.
 */
export class PaymentInbox {
  readonly answers: PaymentAnswer[] = [];
  outcome: PaymentOutcome | null = null;
  /** Called once when the payment is decided, to end the timer or the activity that the saga waits for. */
  onOutcome: () => void = () => undefined;
  /** Whether the broker has confirmed a payment request. If so, the payment service will answer it. */
  requestConfirmed = false;

  constructor(private readonly timeline: Timeline) {}

  /** Records a payment answer, and decides the payment if it is the first. Ignores what is not a payment answer. */
  receive(value: unknown): void {
    const answer = parsePaymentAnswer(value);
    if (!answer)
      return this.ignore('paymentSettled needs a UUID paymentId, a boolean success and a text as reason, if any');
    const { paymentId, success, reason } = answer;
    if (this.answers.some((known) => known.paymentId === paymentId && known.success === success)) return;
    if (this.answers.length >= MAX_ANSWERS) return this.ignore(`the saga has received ${MAX_ANSWERS} answers`);
    this.answers.push(answer);
    this.timeline.add('Payment answered', success ? `paid, payment ${paymentId}` : `declined: ${reason}`);
    this.decide(
      success
        ? { success: true, paymentId }
        : { success: false, cancellation: { code: 'payment-declined', reason, paymentId } },
    );
  }

  /** Decides that the order is not paid, unless the payment is decided already. Returns the outcome. */
  cancel(code: CancellationCode, text: string): PaymentOutcome {
    const reason = plainText(text);
    if (!this.outcome) this.timeline.add('Payment abandoned', reason);
    return this.decide({ success: false, cancellation: { code, reason } });
  }

  private ignore(reason: string): void {
    this.timeline.addCounted('Answer ignored', (count) => (count === 1 ? reason : `${reason} (${count} times)`));
  }

  private decide(outcome: PaymentOutcome): PaymentOutcome {
    if (this.outcome) return this.outcome;
    this.outcome = outcome;
    this.onOutcome();
    return outcome;
  }
}
