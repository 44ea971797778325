import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { OrderStatus } from './order-status';

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
    SELECT order_id AS "orderId", coalesce(customer_id::text, '') AS "customerId", order_status AS "orderStatus",
      payment_id AS "paymentId", cancel_requested_at IS NOT NULL AS "cancelRequested",
      (SELECT coalesce(sum(coalesce(line.unit_price, product.price) * line.quantity), 0.00)::text
       FROM order_products line JOIN products product USING (product_id)
       WHERE line.order_id = orders.order_id) AS "totalAmount"
    FROM orders WHERE order_id = ${orderId}::uuid`;
  return rows[0] ?? null;
}

/**
 * Claims orders that have been `placed` for too long. No other instance gets them within `examineAgainMs` milliseconds.
 *
 * @param adopt whether to claim orders that the original left `placed`, for which no stock was taken
 * @returns the ids of the orders that have waited longest, unordered
 */
export async function claimUnsettledOrders(
  database: OrdersClient,
  { limit, examineAgainMs, adopt }: { limit: number; examineAgainMs: number; adopt: boolean },
): Promise<string[]> {
  const rows = await database.$queryRaw<{ order_id: string }[]>`
    UPDATE orders SET examine_after = now() + ${examineAgainMs}::int * interval '1 ms'
    WHERE order_id IN (
      SELECT order_id FROM orders
      WHERE order_status = ${literal(OrderStatus.placed)} AND examine_after <= now()
        AND (stock_taken_at IS NOT NULL OR ${adopt})
      ORDER BY examine_after LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING order_id`;
  return rows.map((row) => row.order_id);
}

/** Counts the orders that are `placed`. A partial index makes the cost independent of the number of settled orders. */
export const countUnsettledOrders = (database: OrdersClient): Promise<number> =>
  database.order.count({ where: { orderStatus: OrderStatus.placed } });
