import type { OrderDetails, Payment } from '../api/types';

/** Amounts in dollars. */
export interface OrderMoney {
  /** What the order costs. */
  asked: number;
  /** What was charged. */
  taken: number;
  /** What was returned of it. */
  refunded: number;
}

/**
 * Computes what was asked, taken and refunded: by the payment if it is known, otherwise by the order, which knows only the
 * outcome of the payment.
 */
export function moneyOf(
  { totalAmount, paymentStatus }: Pick<OrderDetails, 'totalAmount' | 'paymentStatus'>,
  payment: Pick<Payment, 'amount' | 'status'> | null,
): OrderMoney {
  const status = payment ? payment.status : paymentStatus;
  const amount = payment ? (payment.amount ?? 0) : totalAmount;
  return {
    asked: totalAmount,
    taken: status === 'success' || status === 'refunded' ? amount : 0,
    refunded: status === 'refunded' ? amount : 0,
  };
}
