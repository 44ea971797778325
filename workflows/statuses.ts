/**
 * The statuses of an order and of its payment, as messages, the database and workflow histories store them.
 *
 * Workflow code imports this file, so it stays free of imports. `order-management/orders/order-status.ts` holds the
 * transitions.
 */
export const OrderStatus = { placed: 'placed', shipped: 'shipped', cancelled: 'cancelled' } as const;
export type OrderStatus = (typeof OrderStatus)[keyof typeof OrderStatus];

/** A status that an order never leaves. */
export type FinalOrderStatus = Exclude<OrderStatus, 'placed'>;

export const PaymentStatus = {
  pending: 'pending',
  success: 'success',
  /** The payment was declined. */
  failed: 'failed',
  /** The order was cancelled without a payment. */
  cancelled: 'cancelled',
  /** The order was shipped, and a person had its payment refunded. */
  refunded: 'refunded',
} as const;
export type PaymentStatus = (typeof PaymentStatus)[keyof typeof PaymentStatus];

/** The payment status of an order that is shipped or cancelled. */
export type FinalPaymentStatus = Exclude<PaymentStatus, 'pending'>;
