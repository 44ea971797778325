import type { OrdersClient } from '@shop/prisma/clients';
import { sql, type Sql } from '@shop/prisma/sql';
import { ORDER_COLUMNS, ORDERED_LINES, placedOrderOf, type OrderRow } from './find-orders';
import type { PlacedOrder } from './placed-order';

/** The sort key of an order. The date is text with microseconds, which a `Date` does not have; null sorts last. */
interface Position {
  orderDate: string | null;
  orderId: string;
}

/** Where a list of all orders continues. */
export interface ListPosition {
  /** The last order that was read; null before the first one. */
  after: Position | null;
  /** The newest order when the list began, which ends it. Otherwise a slow reader could follow new orders for ever. */
  last: Position | null;
}

export interface OrderBatch {
  /** Empty only after the last order. */
  orders: PlacedOrder[];
  /** Null after the last batch. */
  next: ListPosition | null;
}

const BATCH = {
  /** A batch of this size occupies the event loop for about 3 ms. */
  orders: 100,
  /** Limits the memory that orders with very many lines need. The order that reaches the limit is the batch's last one. */
  lineCharacters: 500_000,
};

/**
 * Reads the next orders of the list of all orders, the oldest first, and those without a date at the end. Between two
 * batches nothing is held: no connection, no transaction, no snapshot.
 *
 * @param position null at the beginning
 * @param customerId limits the list to the orders of a customer
 */
export async function readOrderBatch(
  database: OrdersClient,
  position: ListPosition | null,
  customerId: string | null = null,
): Promise<OrderBatch> {
  const owned = customerId === null ? sql`` : sql` AND customer_id = ${customerId}::uuid`;
  const { after, last } = position ?? { after: null, last: await findNewest(database, owned) };
  const rows = await database.$queryRaw<(OrderRow & { position: string | null })[]>`
    SELECT * FROM (
      SELECT ${ORDER_COLUMNS}, order_date::text AS position,
        sum(length(ordered.lines)) OVER (ORDER BY order_date, orders.order_id ROWS UNBOUNDED PRECEDING)
          - length(ordered.lines) AS characters_before
      FROM (
        SELECT * FROM orders WHERE deleted_at IS NULL AND ${conditionOf(after, last)}${owned}
        ORDER BY order_date, order_id LIMIT ${BATCH.orders}::int
      ) orders
      CROSS JOIN LATERAL ${ORDERED_LINES}
      ORDER BY order_date, orders.order_id
    ) batch
    WHERE characters_before < ${BATCH.lineCharacters}::int`;
  const next = nextOf(rows.at(-1), { after, last });
  if (rows.length === 0 && next) return readOrderBatch(database, next, customerId);
  return { orders: rows.map(placedOrderOf), next };
}

/** Selects the rest of the orders with a date, or of those without. A comparison of rows is a condition on the index. */
function conditionOf(after: Position | null, last: Position | null) {
  if (last === null || (after !== null && after.orderDate === null)) {
    return after === null ? sql`order_date IS NULL` : sql`order_date IS NULL AND order_id > ${after.orderId}::uuid`;
  }
  const upToLast = sql`(order_date, order_id) <= (${last.orderDate}::timestamp, ${last.orderId}::uuid)`;
  return after === null
    ? upToLast
    : sql`(order_date, order_id) > (${after.orderDate}::timestamp, ${after.orderId}::uuid) AND ${upToLast}`;
}

/** If there are no further orders with a date, those without follow. */
function nextOf(
  row: { position: string | null; orderId: string } | undefined,
  { after, last }: ListPosition,
): ListPosition | null {
  if (row) return { after: { orderDate: row.position, orderId: row.orderId }, last };
  return last === null || after?.orderDate === null ? null : { after: null, last: null };
}

async function findNewest(database: OrdersClient, owned: Sql): Promise<Position | null> {
  const [newest] = await database.$queryRaw<Position[]>`
    SELECT order_date::text AS "orderDate", order_id AS "orderId" FROM orders
    WHERE deleted_at IS NULL AND order_date IS NOT NULL${owned}
    ORDER BY order_date DESC, order_id DESC LIMIT 1`;
  return newest ?? null;
}
