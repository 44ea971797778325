import type { OrderDetails, Payment } from '../api/types';

/** Amounts in dollars. */
export interface OrderMoney {
  /** What the order costs. */
  asked: number;
  /** What was charged; null if it is not known. */
  taken: number | null;
  /** What was returned of it; null if it is not known. */
  refunded: number | null;
}

/**
 * Computes what was asked, taken and refunded: by the payment if it is known, otherwise by the order. A cancelled order does not
 * know whether its payment was taken and refunded.
 *
 * @param payment null if there is none, undefined if it is not known
 */
export function moneyOf(
  { totalAmount, orderStatus, paymentStatus }: Pick<OrderDetails, 'totalAmount' | 'orderStatus' | 'paymentStatus'>,
  payment: Pick<Payment, 'amount' | 'status'> | null | undefined,
): OrderMoney {
  if (payment === undefined && orderStatus === 'cancelled') return { asked: totalAmount, taken: null, refunded: null };
  const status = payment ? payment.status : paymentStatus;
  const amount = payment ? (payment.amount ?? 0) : totalAmount;
  return {
    asked: totalAmount,
    taken: status === 'success' || status === 'refunded' ? amount : 0,
    refunded: status === 'refunded' ? amount : 0,
  };
}
