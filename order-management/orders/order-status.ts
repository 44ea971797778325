import { OrderStatus, PaymentStatus, type FinalOrderStatus, type FinalPaymentStatus } from '@shop/workflows/statuses';

export { OrderStatus, PaymentStatus, type FinalOrderStatus, type FinalPaymentStatus };

/** The statuses that may follow each status. A status without a successor is final. */
export const TRANSITIONS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  placed: ['shipped', 'cancelled'],
  shipped: [],
  cancelled: [],
};

/**
 * Statuses that only the original system writes. This system reads them from existing databases and never writes them.
 * Each is final and maps to a status of this system.
 */
export const LEGACY_STATUSES: ReadonlyMap<string, FinalOrderStatus> = new Map([
  ['complete', 'shipped'],
  ['failed', 'cancelled'],
]);

/** Reads a status from the database. An unknown status counts as cancelled, so that the order is never shipped. */
export function orderStatusOf(stored: string): OrderStatus {
  if (Object.hasOwn(TRANSITIONS, stored)) return stored as OrderStatus;
  return LEGACY_STATUSES.get(stored) ?? OrderStatus.cancelled;
}

/** Checks whether the table allows a transition. */
export const canTransition = (stored: string, to: OrderStatus): boolean =>
  TRANSITIONS[orderStatusOf(stored)].includes(to);

/** Checks whether an order is settled, that is, whether its status has no successor. */
export const isFinal = (stored: string): boolean => TRANSITIONS[orderStatusOf(stored)].length === 0;

/** Reads the outcome of an order that is known to be settled. */
export const settledStatusOf = (stored: string): FinalOrderStatus =>
  orderStatusOf(stored) === OrderStatus.shipped ? OrderStatus.shipped : OrderStatus.cancelled;

const FINAL_PAYMENT_STATUSES: readonly FinalPaymentStatus[] = [
  PaymentStatus.success,
  PaymentStatus.failed,
  PaymentStatus.refunded,
];

/** Reads the payment status of a settled order. An unknown status counts as `cancelled`. */
export const settledPaymentStatusOf = (stored: string): FinalPaymentStatus =>
  FINAL_PAYMENT_STATUSES.find((status) => status === stored) ?? PaymentStatus.cancelled;
