import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import type { Cancellation, CancelOrderInput, Settlement } from '@shop/workflows/contract';
import { MAX_STOCK } from '../catalog/stock';
import { OrderStep } from '../events/order-step';
import { OrderStatus, PaymentStatus, settledPaymentStatusOf, settledStatusOf } from './order-status';
import { EXAMINE_AFTER_MS } from './refunds-due';

/** How an order ended, and whether this call settled it. */
export interface SettledOrder {
  changed: boolean;
  settlement: Settlement;
  /** Seconds since the order's stock was taken; null if no stock was taken, or if this call did not settle the order. */
  secondsSinceAccepted: number | null;
}

/** The reason of an order that its customer cancelled before it was shipped. */
export const CUSTOMER_CANCELLED: Cancellation = {
  code: 'customer-cancelled',
  reason: 'The customer cancelled the order.',
};

const WITHOUT_STOCK: Cancellation = { code: 'out-of-stock', reason: 'No stock was taken for the order.' };

/**
 * Ships a `placed` order that this payment has paid. If its customer has cancelled it, or if no stock was taken for it,
 * the order is cancelled instead.
 */
export const shipOrder = (database: OrdersClient, orderId: string, paymentId: string): Promise<SettledOrder> =>
  settle(database, orderId, { ship: true, paymentId, paymentStatus: PaymentStatus.cancelled, why: WITHOUT_STOCK });

/** Cancels a `placed` order and releases the stock that was taken for it. */
export const cancelOrder = (
  database: OrdersClient,
  orderId: string,
  { paymentId, ...why }: CancelOrderInput,
): Promise<SettledOrder> => {
  const paymentStatus = why.code === 'payment-declined' ? PaymentStatus.failed : PaymentStatus.cancelled;
  return settle(database, orderId, { ship: false, paymentId: paymentId ?? null, paymentStatus, why });
};

interface Intent {
  ship: boolean;
  paymentId: string | null;
  /** The payment status of the order if it ends cancelled. */
  paymentStatus: typeof PaymentStatus.failed | typeof PaymentStatus.cancelled;
  /** The reason if the order ends cancelled, unless its customer cancelled it while it was being shipped. */
  why: Cancellation;
}

const PLACED = literal(OrderStatus.placed);
const SHIPPED = literal(OrderStatus.shipped);
const CANCELLED = literal(OrderStatus.cancelled);
const PAID = literal(PaymentStatus.success);
const UNPAID = literal(PaymentStatus.cancelled);
const FAILED = literal(PaymentStatus.failed);
const PAID_STEP = literal(OrderStep.paid);
const DECLINED_STEP = literal(OrderStep.declined);
const SHIPPED_STEP = literal(OrderStep.shipped);
const CANCELLED_STEP = literal(OrderStep.cancelled);

/** The columns of an order that store how it ended. */
export interface SettledRow {
  order_status: string;
  payment_status: string;
  payment_id: string | null;
  cancellation_code: string | null;
  cancellation_reason: string | null;
}

/**
 * Settles a `placed` order in one statement, and so in one transaction. The statement sets the status and records the
 * payment's outcome and the order's as events. If it cancels the order, it also stores the reason, releases the stock and,
 * unless the payment was declined, records that a refund may be due. It does not change a settled order, so a repeated or
 * contradictory call has no effect.
 *
 * A restock may have filled the range of the stock meanwhile. The stock then stays at its maximum: a cancel must not fail.
 *
 * @returns how the order ended; an order that does not exist counts as cancelled
 */
async function settle(
  database: OrdersClient,
  orderId: string,
  { ship, paymentId, paymentStatus, why }: Intent,
): Promise<SettledOrder> {
  const settled = await database.$queryRaw<(SettledRow & { seconds_since_accepted: number | null })[]>`
    WITH decided AS (
      SELECT order_id, ${ship} AND cancel_requested_at IS NULL AND stock_taken_at IS NOT NULL AS ships,
        ${ship} AND cancel_requested_at IS NOT NULL AS customer_cancelled
      FROM orders WHERE order_id = ${orderId}::uuid AND order_status = ${PLACED} FOR NO KEY UPDATE
    ), settled AS (
      UPDATE orders SET
        order_status = CASE WHEN ships THEN ${SHIPPED} ELSE ${CANCELLED} END,
        payment_status = CASE WHEN ships THEN ${PAID} ELSE ${paymentStatus} END,
        payment_id = ${paymentId}::uuid,
        cancellation_code = CASE WHEN ships THEN NULL
          WHEN customer_cancelled THEN ${CUSTOMER_CANCELLED.code} ELSE ${why.code} END,
        cancellation_reason = CASE WHEN ships THEN NULL
          WHEN customer_cancelled THEN ${CUSTOMER_CANCELLED.reason} ELSE ${why.reason} END,
        settled_at = now()
      FROM decided WHERE orders.order_id = decided.order_id
      RETURNING orders.order_id, order_status, payment_status, payment_id, cancellation_code, cancellation_reason,
        stock_taken_at
    ), recorded AS (
      INSERT INTO order_events (order_id, step, reason)
      SELECT order_id, step, reason FROM settled CROSS JOIN LATERAL (VALUES
        (1, ${PAID_STEP}, 'payment ' || payment_id, ${ship}::boolean),
        (2, ${DECLINED_STEP}, cancellation_reason, payment_status = ${FAILED}),
        (3, ${SHIPPED_STEP}, NULL, order_status = ${SHIPPED}),
        (4, ${CANCELLED_STEP}, cancellation_reason, order_status = ${CANCELLED})
      ) steps (position, step, reason, happened) WHERE happened ORDER BY position
    ), held AS (
      SELECT product.product_id, line.quantity
      FROM settled JOIN order_products line USING (order_id) JOIN products product USING (product_id)
      WHERE settled.order_status = ${CANCELLED} AND settled.stock_taken_at IS NOT NULL
      ORDER BY product.product_id
      FOR NO KEY UPDATE OF product
    ), released AS (
      UPDATE products product
      SET quantity_available = least(product.quantity_available + held.quantity::bigint, ${MAX_STOCK}::int)
      FROM held WHERE product.product_id = held.product_id
    ), due AS (
      INSERT INTO refunds_due (refund_id, order_id, examine_after)
      SELECT order_id, order_id, now() + ${EXAMINE_AFTER_MS}::int * interval '1 ms' FROM settled
      WHERE order_status = ${CANCELLED} AND payment_status = ${UNPAID}
    )
    SELECT order_status, payment_status, payment_id, cancellation_code, cancellation_reason,
      extract(epoch FROM now() - stock_taken_at)::float8 AS seconds_since_accepted FROM settled`;
  if (settled[0]) {
    const secondsSinceAccepted = settled[0].seconds_since_accepted;
    return { changed: true, settlement: settlementOf(settled[0]), secondsSinceAccepted };
  }

  // A second statement: the snapshot of the first may be older than the transaction that settled the order.
  const [row] = await database.$queryRaw<SettledRow[]>`
    SELECT order_status, payment_status, payment_id, cancellation_code, cancellation_reason
    FROM orders WHERE order_id = ${orderId}::uuid`;
  return { changed: false, settlement: row ? settlementOf(row) : NOT_FOUND, secondsSinceAccepted: null };
}

/** The settlement of an order whose row does not exist. */
export const NOT_FOUND: Settlement = {
  orderStatus: OrderStatus.cancelled,
  paymentStatus: PaymentStatus.cancelled,
  paymentId: null,
  cancellation: { code: 'not-found', reason: 'The order does not exist.' },
};

/** Reads how an order ended from its row. Orders that the original cancelled have no reason. */
export const settlementOf = (row: SettledRow): Settlement => ({
  orderStatus: settledStatusOf(row.order_status),
  paymentStatus: settledPaymentStatusOf(row.payment_status),
  paymentId: row.payment_id,
  cancellation: cancellationOf(row.cancellation_code, row.cancellation_reason),
});

/** Reads why an order was cancelled from its row's columns; null if it was not, or if the original cancelled it. */
export const cancellationOf = (code: string | null, reason: string | null): Cancellation | null =>
  code === null ? null : { code: code as Cancellation['code'], reason: reason ?? '' };
