import { NIL_UUID } from '@shop/amqp/uuid';
import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { OrderStatus } from './order-status';
import { ORDER_TOTAL } from './order-total';

/** The state of an order's row, from which a saga is started. */
export interface OrderState {
  orderId: string;
  customerId: string;
  orderStatus: string;
  paymentId: string | null;
  cancelRequested: boolean;
  /** Decimal with two places. */
  totalAmount: string;
}

/** Reads the state of an order, even if it was deleted. Returns null if it does not exist. */
export async function readOrderState(database: OrdersClient, orderId: string): Promise<OrderState | null> {
  const rows = await database.$queryRaw<OrderState[]>`
    SELECT order_id AS "orderId", coalesce(customer_id::text, ${NIL_UUID}) AS "customerId", order_status AS "orderStatus",
      payment_id AS "paymentId", cancel_requested_at IS NOT NULL AS "cancelRequested",
      ${ORDER_TOTAL} AS "totalAmount"
    FROM orders WHERE order_id = ${orderId}::uuid`;
  return rows[0] ?? null;
}

/** Which of the orders that the original left `placed` may be adopted, that is, paid for: none, those released, or all. */
export type Adoptable = 'none' | 'released' | 'all';

/**
 * Claims orders that have been `placed` for too long. No other instance gets them within `examineAgainMs` milliseconds.
 *
 * An order of the original, for which no stock was taken, is claimed if it may be adopted. It is claimed in any case if it
 * needs no payment request: the operator has recorded its payment or its cancellation.
 *
 * @returns the ids of the orders that have waited longest, unordered
 */
export async function claimUnsettledOrders(
  database: OrdersClient,
  { limit, examineAgainMs, adopt }: { limit: number; examineAgainMs: number; adopt: Adoptable },
): Promise<string[]> {
  const rows = await database.$queryRaw<{ order_id: string }[]>`
    UPDATE orders SET examine_after = now() + ${examineAgainMs}::int * interval '1 ms'
    WHERE order_id IN (
      SELECT order_id FROM orders
      WHERE order_status = ${literal(OrderStatus.placed)} AND examine_after <= now()
        AND (stock_taken_at IS NOT NULL OR payment_id IS NOT NULL OR cancel_requested_at IS NOT NULL
          OR ${adopt === 'all'} OR (${adopt === 'released'} AND released_at IS NOT NULL))
      ORDER BY examine_after LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING order_id`;
  return rows.map((row) => row.order_id);
}

/** The orders that are `placed`. */
export interface UnsettledSummary {
  count: number;
  /** Age of the oldest order whose stock was taken, in seconds; 0 if there is none. */
  oldestSeconds: number;
  /** Orders that the original left `placed` and that are not adopted, by whether an operator has released them. */
  held: number;
  released: number;
}

/**
 * Summarizes the orders that are `placed` in one pass. A partial index makes the cost independent of the number of settled
 * orders.
 */
export async function summarizeUnsettledOrders(database: OrdersClient): Promise<UnsettledSummary> {
  const [summary] = await database.$queryRaw<UnsettledSummary[]>`
    SELECT count(*)::int AS count,
      greatest(coalesce(extract(epoch FROM now() - min(stock_taken_at)), 0), 0)::float8 AS "oldestSeconds",
      count(*) FILTER (WHERE stock_taken_at IS NULL AND released_at IS NULL)::int AS held,
      count(*) FILTER (WHERE stock_taken_at IS NULL AND released_at IS NOT NULL)::int AS released
    FROM orders WHERE order_status = ${literal(OrderStatus.placed)}`;
  return summary!;
}

/** Counts the orders that the original left `placed` and that are not adopted, and how many of them are released. */
export async function countOriginalOrders(database: OrdersClient): Promise<{ held: number; released: number }> {
  const [count] = await database.$queryRaw<{ held: number; released: number }[]>`
    SELECT count(*) FILTER (WHERE released_at IS NULL)::int AS held, count(released_at)::int AS released
    FROM orders WHERE order_status = ${literal(OrderStatus.placed)} AND stock_taken_at IS NULL`;
  return count!;
}
