import type { OrdersClient, OrdersPrisma } from '@shop/prisma/clients';
import { sql, unnamed } from '@shop/prisma/sql';
import { isTimeout, limitSearch, SEARCH_TIMEOUT_MS } from '../search/search-settings';
import { LEGACY_STATUSES, OrderStatus, PaymentStatus } from './order-status';

/** The time that statistics cover, and the width of their buckets. */
export const STATISTICS_WINDOWS = {
  '1h': { seconds: 3_600, bucketSeconds: 300 },
  '24h': { seconds: 86_400, bucketSeconds: 3_600 },
  '7d': { seconds: 7 * 86_400, bucketSeconds: 6 * 3_600 },
  '30d': { seconds: 30 * 86_400, bucketSeconds: 86_400 },
} as const;

export type StatisticsWindow = keyof typeof STATISTICS_WINDOWS;

/**
 * Limits of a count; see docs/decisions/0062-statistics-of-all-orders.md. PostgreSQL cancels it after `timeoutMs`. Then only the
 * `newest` orders are counted.
 */
export const COUNT_LIMITS = { timeoutMs: 5_000, newest: 10_000 };

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
  /** The time at which the count began. */
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

type Row = Outcomes & { start: Date | null };

/** The orders that are counted, and the width of the buckets. */
interface Counted {
  from: Date;
  to: Date;
  bucketSeconds: number;
}

/**
 * Counts the orders of a window, all of them unless that exceeds the time limit.
 *
 * @throws an error of the database
 */
export async function readStatistics(
  database: OrdersClient,
  window: StatisticsWindow,
  to = new Date(),
  { timeoutMs, newest } = COUNT_LIMITS,
): Promise<OrderStatistics> {
  const { seconds, bucketSeconds } = STATISTICS_WINDOWS[window];
  const bucketMs = bucketSeconds * 1_000;
  const from = new Date(Math.floor((to.getTime() - seconds * 1_000) / bucketMs + 1) * bucketMs);
  const counted = { from, to, bucketSeconds };
  try {
    return { ...(await countOrders(database, counted, timeoutMs)), complete: true };
  } catch (error) {
    if (!isTimeout(error)) throw error;
    const oldestCounted = await dateOfNewest(database, counted, newest);
    return { ...(await countOrders(database, { ...counted, from: oldestCounted })), complete: false };
  }
}

const isWithin = ({ from, to }: Counted) => sql`
  order_date >= ${from}::timestamptz AT TIME ZONE 'UTC' AND order_date <= ${to}::timestamptz AT TIME ZONE 'UTC'
  AND deleted_at IS NULL`;

/** Reads when the oldest of the newest orders was placed. */
async function dateOfNewest(database: OrdersClient, counted: Counted, newest: number): Promise<Date> {
  const [oldest] = await database.$queryRaw<{ placedAt: Date }[]>`
    SELECT order_date AT TIME ZONE 'UTC' AS "placedAt" FROM orders WHERE ${isWithin(counted)}
    ORDER BY order_date DESC OFFSET ${newest - 1} LIMIT 1`;
  return oldest?.placedAt ?? counted.from;
}

const COMMITS_WITHIN_MS = 1_000;

/** Counts in one statement, which reads the lines of few orders by their index, and those of many orders in sequence. */
async function countOrders(
  database: OrdersClient,
  counted: Counted,
  timeoutMs = SEARCH_TIMEOUT_MS,
): Promise<Omit<OrderStatistics, 'complete'>> {
  const count = async (transaction: OrdersPrisma.TransactionClient): Promise<Row[]> => {
    await transaction.$executeRaw(limitSearch(timeoutMs));
    // An unnamed statement gets a plan for the actual window.
    return transaction.$queryRaw<Row[]>`${unnamed}
      WITH counted AS (
        SELECT order_status, payment_status,
          extract(epoch FROM settled_at - order_date AT TIME ZONE 'UTC')::float8 AS settle_seconds,
          coalesce(sum(line.unit_price * line.quantity), 0) AS amount,
          date_bin(${counted.bucketSeconds}::int * interval '1 second', order_date AT TIME ZONE 'UTC', 'epoch') AS start
        FROM orders LEFT JOIN order_products line USING (order_id)
        WHERE ${isWithin(counted)} GROUP BY order_id
      )
      SELECT start,
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
  };
  const rows = await database.$transaction(count, { timeout: timeoutMs + COMMITS_WITHIN_MS });
  const { start: _, ...total } = rows.at(-1)!; // the grand total, which exists even without an order
  return {
    ...counted,
    total,
    buckets: rows.flatMap(({ start, ...outcomes }) => (start === null ? [] : [{ ...outcomes, start }])),
  };
}
