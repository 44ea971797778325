/** The statuses of a payment, as the table `payments` stores them. */
export const PaymentStatus = {
  success: 'success',
  /** The payment was declined. */
  failed: 'failed',
  refunded: 'refunded',
  /** The order was cancelled before a payment was requested. A later request is declined. */
  void: 'void',
} as const;
export type PaymentStatus = (typeof PaymentStatus)[keyof typeof PaymentStatus];
