import { PARKED_STEPS } from '@shop/amqp/parked-audit';

/** The steps in the life of an order, as its history and its events name them. */
export const OrderStep = {
  accepted: 'accepted',
  paymentRequested: 'payment-requested',
  paid: 'paid',
  declined: 'declined',
  cancelRequested: 'cancel-requested',
  shipped: 'shipped',
  cancelled: 'cancelled',
  refundDue: 'refund-due',
  refunded: 'refunded',
  deleted: 'deleted',
  messageRetried: PARKED_STEPS.retry,
  messageDiscarded: PARKED_STEPS.discard,
} as const;

export type OrderStep = (typeof OrderStep)[keyof typeof OrderStep];
