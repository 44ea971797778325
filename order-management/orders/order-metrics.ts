import { compensations, createCounter, createHistogram } from '@shop/runtime/metrics';
import { CANCELLATION_CODES, type Cancellation } from '@shop/workflows/contract';
import { OrderStatus } from './order-status';
import type { SettledOrder } from './settle-order';

/** Orders that this instance has accepted. A request that repeats an idempotency key counts once. */
export const ordersAccepted = createCounter('orders_accepted_total', 'Orders that were accepted.');

const ordersSettled = createCounter(
  'orders_settled_total',
  'Orders that were shipped or cancelled, by the reason of the cancellation.',
  ['outcome', 'reason'],
  [
    { outcome: OrderStatus.shipped, reason: 'none' },
    ...CANCELLATION_CODES.map((reason) => ({ outcome: OrderStatus.cancelled, reason })),
  ],
);

/** The bounds 0.5, 10 and 300 are the limits that an operator cares about: accepted, settled, and stuck. */
const SETTLEMENT_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];

const settlementSeconds = createHistogram(
  'order_settlement_duration_seconds',
  'Time from the acceptance of an order until it was shipped or cancelled, in seconds.',
  SETTLEMENT_SECONDS,
);

const stockReleased = compensations.labels('stock_released');
stockReleased.inc(0);

/** Counts an order that a statement of this process has settled. Ignores a call that found the order settled. */
export function countSettled({ changed, settlement, secondsSinceAccepted }: SettledOrder): void {
  if (!changed) return;
  const { orderStatus: outcome, cancellation } = settlement;
  ordersSettled.inc({ outcome, reason: reasonOf(cancellation) });
  if (secondsSinceAccepted === null) return; // no stock was taken: an order of the original, which this system did not accept
  settlementSeconds.observe(secondsSinceAccepted);
  if (outcome === OrderStatus.cancelled) stockReleased.inc();
}

/** Returns the label of a reason. The code comes from outside this process, and each other text would create a series. */
const reasonOf = (cancellation: Cancellation | null): string =>
  cancellation === null ? 'none' : (CANCELLATION_CODES.find((code) => code === cancellation.code) ?? 'other');
