import type { PaymentChannel, Settlement } from './contract';
import { OrderStatus, PaymentStatus } from './statuses';

/** What a saga knows about the payment of an order that has ended. */
export interface PaymentKnowledge {
  settlement: Pick<Settlement, 'orderStatus' | 'paymentStatus'>;
  channel: PaymentChannel;
  /** Whether the broker has confirmed a payment request. */
  confirmed: boolean;
  /** Whether an earlier saga may have worked on the order. */
  resumed: boolean;
  /** Number of payment answers that the saga has received. */
  answers: number;
  /** Whether one of them reports a payment. */
  paid: boolean;
}

/**
 * Decides whether the whole order needs a refund, because the payment service has charged it or may still charge it
 * without an answer that reports the payment. The payment service then voids every charge of the order. Payments that an
 * answer has reported are refunded one by one.
 *
 * | the order ended                          | refund needed                                                            |
 * | ---------------------------------------- | ------------------------------------------------------------------------ |
 * | shipped, or cancelled by a decline       | no: its payment is decided                                               |
 * | unpaid, but an answer reports a payment  | no: that payment is refunded by its id                                   |
 * | unpaid, activity channel                 | yes: the charge may be in flight                                         |
 * | unpaid, resumed, no answer received      | yes: an earlier saga may have received an answer and been lost with it   |
 * | unpaid, resumed, an answer received      | no                                                                       |
 * | unpaid, request confirmed by the broker  | no: the payment service will answer, and the receiver refunds            |
 * | unpaid, no request known to be confirmed | yes: a broker that crashed, or a lost first task, may have sent one      |
 */
export function refundNeeded({ settlement, channel, confirmed, resumed, answers, paid }: PaymentKnowledge): boolean {
  const unpaid =
    settlement.orderStatus === OrderStatus.cancelled && settlement.paymentStatus === PaymentStatus.cancelled;
  if (!unpaid || paid) return false;
  if (channel === 'activity') return true;
  return resumed ? answers === 0 : !confirmed;
}
