import type { OrdersClient } from '@shop/prisma/clients';
import { isAfter, type EventPosition } from './event-position';

/** A recorded step of an order. */
export interface OrderEvent {
  position: EventPosition;
  orderId: string;
  customerId: string | null;
  step: string;
  reason: string | null;
  time: Date;
}

export interface EventPage {
  /** In the order of their positions. */
  events: OrderEvent[];
  /** The position up to which the page is complete. */
  end: EventPosition;
  /** Whether the database no longer contains what it has returned before: a secondary without the last writes was promoted. */
  rewound: boolean;
}

/** How many events one statement reads. A batch takes a few ms, so that other requests are answered in between. */
export const PAGE_SIZE = 500;

interface Row {
  horizon: string;
  rewound: boolean;
  transaction_id: string | null;
  event_id: string | null;
  order_id: string;
  customer_id: string | null;
  step: string;
  reason: string | null;
  recorded_at: Date;
}

/**
 * Reads the next events. It stops at the oldest transaction that still runs, which may write events whose positions lie
 * before those of committed ones. The pages therefore have no gap, whichever server reads them: a secondary that is behind
 * returns a shorter page.
 *
 * @param after the end of the previous page
 * @param last the last event that was read, to detect that the database has lost it
 */
export async function readEvents(
  database: OrdersClient,
  after: EventPosition,
  last: EventPosition = after,
): Promise<EventPage> {
  const rows = await database.$queryRaw<Row[]>`
    SELECT horizon::text,
      (NOT pg_is_in_recovery() AND pg_snapshot_xmax(pg_current_snapshot())::text::bigint < ${String(after.transactionId)}::bigint)
      OR (${String(last.eventId)}::bigint > 0 AND ${String(last.transactionId)}::bigint < horizon AND NOT EXISTS (
        SELECT FROM order_events WHERE transaction_id = ${String(last.transactionId)}::bigint
          AND event_id = ${String(last.eventId)}::bigint)) AS rewound,
      page.transaction_id::text, page.event_id::text, page.order_id, page.customer_id, page.step, page.reason,
      page.recorded_at
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) snapshot
    LEFT JOIN LATERAL (
      SELECT event.*, customer_id FROM order_events event JOIN orders USING (order_id)
      WHERE (transaction_id, event_id) > (${String(after.transactionId)}::bigint, ${String(after.eventId)}::bigint)
        AND transaction_id < horizon
      ORDER BY transaction_id, event_id LIMIT ${PAGE_SIZE}
    ) page ON true
    ORDER BY page.transaction_id, page.event_id`;
  return pageOf(rows, after);
}

/** Reads the next events of one order, all that there are: an order has few. Otherwise as `readEvents`. */
export async function readEventsOf(database: OrdersClient, orderId: string, after: EventPosition): Promise<EventPage> {
  const rows = await database.$queryRaw<Row[]>`
    SELECT horizon::text, false AS rewound, page.transaction_id::text, page.event_id::text, page.order_id,
      page.customer_id, page.step, page.reason, page.recorded_at
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) snapshot
    LEFT JOIN LATERAL (
      SELECT event.*, customer_id FROM order_events event JOIN orders USING (order_id)
      WHERE order_id = ${orderId}::uuid AND transaction_id < horizon
        AND (transaction_id, event_id) > (${String(after.transactionId)}::bigint, ${String(after.eventId)}::bigint)
    ) page ON true
    ORDER BY page.transaction_id, page.event_id`;
  return pageOf(rows, after);
}

/** Reads the position of the present: every event that is recorded from now on comes after it. */
export async function readPresent(database: OrdersClient): Promise<EventPosition> {
  const [row] = await database.$queryRaw<{ horizon: string }[]>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon`;
  return { transactionId: BigInt(row!.horizon), eventId: 0n };
}

/** Returns whether a server knows a position: it contains its event, or has reached its transaction. */
export async function knowsPosition(
  database: OrdersClient,
  { transactionId, eventId }: EventPosition,
): Promise<boolean> {
  const [row] = await database.$queryRaw<{ known: boolean }[]>`
    SELECT CASE WHEN ${String(eventId)}::bigint = 0
      THEN ${String(transactionId)}::bigint <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      ELSE EXISTS (SELECT FROM order_events WHERE transaction_id = ${String(transactionId)}::bigint
        AND event_id = ${String(eventId)}::bigint) END AS known`;
  return row!.known;
}

function pageOf(rows: Row[], after: EventPosition): EventPage {
  const events = rows.flatMap(({ transaction_id, event_id, ...row }) =>
    transaction_id === null || event_id === null
      ? []
      : [
          {
            position: { transactionId: BigInt(transaction_id), eventId: BigInt(event_id) },
            orderId: row.order_id,
            customerId: row.customer_id,
            step: row.step,
            reason: row.reason,
            time: row.recorded_at,
          },
        ],
  );
  const { horizon, rewound } = rows[0]!;
  // A full page may end anywhere; a shorter one contains everything before the horizon of this server.
  const end = events.length >= PAGE_SIZE ? events.at(-1)!.position : { transactionId: BigInt(horizon), eventId: 0n };
  return { events, end: isAfter(end, after) ? end : after, rewound };
}
