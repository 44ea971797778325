import type { OrdersClient } from '@shop/prisma/clients';
import { sql } from '@shop/prisma/sql';
import { LEGACY_STATUSES, OrderStatus, PaymentStatus } from './order-status';

/** The time that statistics cover, and the width of their buckets. */
export const STATISTICS_WINDOWS = {
  '1h': { seconds: 3_600, bucketSeconds: 300 },
  '24h': { seconds: 86_400, bucketSeconds: 3_600 },
  '7d': { seconds: 7 * 86_400, bucketSeconds: 6 * 3_600 },
  '30d': { seconds: 30 * 86_400, bucketSeconds: 86_400 },
} as const;

export type StatisticsWindow = keyof typeof STATISTICS_WINDOWS;

/** Bounds the time of the query; see docs/decisions/0062-statistics-of-recent-orders.md. */
export const MAX_COUNTED_ORDERS = 2_500;

/** What became of the orders that were placed in a period. Amounts are in dollars, times in seconds. */
export interface Outcomes {
  placed: number;
  shipped: number;
  cancelled: number;
  refunded: number;
  placedAmount: number;
  shippedAmount: number;
  cancelledAmount: number;
  refundedAmount: number;
  /** From the acceptance to the settlement; null if no order is settled. */
  settleP50: number | null;
  settleP95: number | null;
}

export interface OrderStatistics {
  from: Date;
  to: Date;
  bucketSeconds: number;
  /** Whether all orders of the window are counted, and not only the newest. */
  complete: boolean;
  total: Outcomes;
  /** Only the buckets in which an order was placed, the oldest first. */
  buckets: (Outcomes & { start: Date })[];
}

/** Statuses of the original count as those of this system. */
const unrefunded = (status: OrderStatus) => {
  const stored = [status, ...[...LEGACY_STATUSES].flatMap(([legacy, same]) => (same === status ? [legacy] : []))];
  return sql`order_status = ANY(${stored}) AND payment_status <> ${PaymentStatus.refunded}`;
};
const PLACED = unrefunded(OrderStatus.placed);
const SHIPPED = unrefunded(OrderStatus.shipped);
const CANCELLED = unrefunded(OrderStatus.cancelled);
const REFUNDED = sql`payment_status = ${PaymentStatus.refunded}`;

type Row = Outcomes & { start: Date | null; first: Date | null; counted: number };

/**
 * Reads what became of the newest orders of a window, at most 2,500 of them. The cost does not depend on the number of all
 * orders: the index on `order_date` provides the newest ones.
 */
export async function readStatistics(
  database: OrdersClient,
  window: StatisticsWindow,
  now = new Date(),
): Promise<OrderStatistics> {
  const { seconds, bucketSeconds } = STATISTICS_WINDOWS[window];
  const bucketMs = bucketSeconds * 1_000;
  const from = new Date(Math.floor((now.getTime() - seconds * 1_000) / bucketMs + 1) * bucketMs);
  const rows = await database.$queryRaw<Row[]>`
    WITH recent AS (
      SELECT order_id, order_date, order_status, payment_status, settled_at FROM orders
      WHERE order_date >= ${from}::timestamptz AT TIME ZONE 'UTC'
        AND order_date <= ${now}::timestamptz AT TIME ZONE 'UTC' AND deleted_at IS NULL
      ORDER BY order_date DESC, order_id DESC LIMIT ${MAX_COUNTED_ORDERS}
    ), counted AS (
      SELECT order_date AT TIME ZONE 'UTC' AS placed_at, order_status, payment_status,
        extract(epoch FROM settled_at - order_date AT TIME ZONE 'UTC')::float8 AS settle_seconds,
        (SELECT coalesce(sum(line.unit_price * line.quantity), 0)
         FROM order_products line WHERE line.order_id = recent.order_id) AS amount,
        date_bin(${bucketSeconds}::int * interval '1 second', order_date AT TIME ZONE 'UTC', 'epoch') AS start
      FROM recent
    )
    SELECT start, min(placed_at) AS first, count(*)::int AS counted,
      count(*) FILTER (WHERE ${PLACED})::int AS placed,
      count(*) FILTER (WHERE ${SHIPPED})::int AS shipped,
      count(*) FILTER (WHERE ${CANCELLED})::int AS cancelled,
      count(*) FILTER (WHERE ${REFUNDED})::int AS refunded,
      coalesce(sum(amount) FILTER (WHERE ${PLACED}), 0)::float8 AS "placedAmount",
      coalesce(sum(amount) FILTER (WHERE ${SHIPPED}), 0)::float8 AS "shippedAmount",
      coalesce(sum(amount) FILTER (WHERE ${CANCELLED}), 0)::float8 AS "cancelledAmount",
      coalesce(sum(amount) FILTER (WHERE ${REFUNDED}), 0)::float8 AS "refundedAmount",
      percentile_cont(0.5) WITHIN GROUP (ORDER BY settle_seconds) AS "settleP50",
      percentile_cont(0.95) WITHIN GROUP (ORDER BY settle_seconds) AS "settleP95"
    FROM counted GROUP BY GROUPING SETS ((start), ()) ORDER BY start NULLS LAST`;
  const { first, counted, start: _, ...total } = rows.at(-1)!; // the grand total, which exists even without an order
  const complete = counted < MAX_COUNTED_ORDERS;
  return {
    from: complete ? from : (first ?? from),
    to: now,
    bucketSeconds,
    complete,
    total,
    buckets: rows.flatMap(({ first: _first, counted: _counted, start, ...outcomes }) =>
      start === null ? [] : [{ ...outcomes, start }],
    ),
  };
}
