import type { OrdersClient } from '@shop/prisma/clients';
import { OrderStep } from '../events/order-step';
import { orderStatusOf, OrderStatus, PaymentStatus } from './order-status';

/** One step of an order. */
export interface HistoryEntry {
  step: string;
  /** Null if it is unknown, as for the settlement of orders of the original. */
  time: Date | null;
  reason: string | null;
  /** Who requested the step, as `Caller` names it; null if nobody did, or if it was not recorded. */
  actor: string | null;
}

interface OrderRow {
  order_status: string;
  payment_status: string;
  order_date: Date | null;
  cancel_requested_at: Date | null;
  settled_at: Date | null;
  payment_id: string | null;
  cancellation_reason: string | null;
  events: { step: string; time: string; reason: string | null; actor: string | null }[];
}

/**
 * Finds what happened to an order, the oldest step first; null if the order does not exist or was deleted.
 *
 * An order of the original, or of a version that recorded no events, lacks some of them. Their steps are derived from the
 * order's row, as far as it stores them.
 *
 * @param customerId if it is not null, the orders of other customers do not exist
 */
export async function findHistory(
  database: OrdersClient,
  orderId: string,
  customerId: string | null = null,
): Promise<HistoryEntry[] | null> {
  const [row] = await database.$queryRaw<OrderRow[]>`
    SELECT order_status, payment_status, order_date, cancel_requested_at, settled_at, payment_id, cancellation_reason,
      (SELECT coalesce(json_agg(json_build_object('step', step, 'time', recorded_at, 'reason', reason, 'actor', actor)
        ORDER BY event_id), '[]')
       FROM order_events WHERE order_id = orders.order_id) AS events
    FROM orders WHERE order_id = ${orderId}::uuid AND deleted_at IS NULL
      AND (${customerId}::uuid IS NULL OR customer_id = ${customerId}::uuid)`;
  return row ? historyOf(row) : null;
}

/** Adds the steps that a row proves and that were not recorded. */
export function historyOf({ events, ...row }: OrderRow): HistoryEntry[] {
  const recorded = events.map(({ time, ...event }) => ({ ...event, time: new Date(time) }));
  const derived = stepsOf(row)
    .filter(({ step }) => !recorded.some((event) => event.step === step))
    .map((step) => ({ ...step, actor: null }));
  // A derived step of unknown time keeps its place after the step before it.
  let latestMs = -Infinity;
  const dated = derived.map((entry) => {
    latestMs = Math.max(latestMs, entry.time?.getTime() || -Infinity);
    return { entry, atMs: latestMs };
  });
  return [...dated, ...recorded.map((entry) => ({ entry, atMs: entry.time.getTime() }))]
    .toSorted((one, other) => (one.atMs < other.atMs ? -1 : Number(one.atMs > other.atMs)))
    .map(({ entry }) => entry);
}

/** Derives the steps of an order from its row, in the order in which they happened. */
function stepsOf(row: Omit<OrderRow, 'events'>): Omit<HistoryEntry, 'actor'>[] {
  const { payment_status, cancel_requested_at, settled_at, payment_id, cancellation_reason } = row;
  const steps: Omit<HistoryEntry, 'actor'>[] = [{ step: OrderStep.accepted, time: row.order_date, reason: null }];
  if (cancel_requested_at) steps.push({ step: OrderStep.cancelRequested, time: cancel_requested_at, reason: null });
  const status = orderStatusOf(row.order_status);
  if (status === OrderStatus.placed) return steps;
  if (payment_status === PaymentStatus.success || payment_status === PaymentStatus.refunded) {
    const reason = payment_id === null ? null : `payment ${payment_id}`;
    steps.push({ step: OrderStep.paid, time: settled_at, reason });
  }
  if (payment_status === PaymentStatus.failed) {
    steps.push({ step: OrderStep.declined, time: settled_at, reason: cancellation_reason });
  }
  const settled = status === OrderStatus.shipped ? OrderStep.shipped : OrderStep.cancelled;
  return [...steps, { step: settled, time: settled_at, reason: cancellation_reason }];
}
