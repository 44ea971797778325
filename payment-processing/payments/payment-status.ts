/** The statuses of a payment. The `payments` table stores them. */
export const PaymentStatus = {
  success: 'success',
  /** Declined. */
  failed: 'failed',
  refunded: 'refunded',
  /** The order was cancelled before a payment was requested: a later request is declined. */
  void: 'void',
} as const;
export type PaymentStatus = (typeof PaymentStatus)[keyof typeof PaymentStatus];
