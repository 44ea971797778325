import type { OrdersClient } from '@shop/prisma/clients';
import { joinSql, sql } from '@shop/prisma/sql';
import { pageOf, type ListPage, type ListPlace } from '@shop/runtime/list-page';
import { ORDER_TOTAL } from './order-total';

/** A refund that has not ended, as clients see it. */
export interface ListedRefund {
  refundId: string;
  orderId: string;
  /** Null if it is unknown whether the order was charged. */
  paymentId: string | null;
  /** The total of the order in dollars. */
  amount: number;
  notedAt: string;
  /** Why a person requested the refund, or why the order was cancelled; null if neither is known. */
  reason: string | null;
}

interface RefundRow extends Omit<ListedRefund, 'amount' | 'notedAt'> {
  amount: string;
  noted_at: Date;
  micros: string;
}

/** Finds a page of the refunds that are recorded as due, the oldest first. @param orderId all orders if it is null */
export async function findRefundsDue(
  database: OrdersClient,
  { limit, after, orderId }: { limit: number; after: ListPlace | null; orderId: string | null },
): Promise<ListPage<ListedRefund>> {
  const conditions = [sql`true`];
  if (orderId !== null) conditions.push(sql`order_id = ${orderId}::uuid`);
  if (after !== null) {
    conditions.push(
      sql`(noted_at, refund_id) > (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id}::uuid)`,
    );
  }
  const rows = await database.$queryRaw<RefundRow[]>`
    WITH due AS (
      SELECT * FROM refunds_due WHERE ${joinSql(conditions, ' AND ')} ORDER BY noted_at, refund_id LIMIT ${limit + 1}
    )
    SELECT refund_id AS "refundId", order_id AS "orderId", due.payment_id AS "paymentId", noted_at,
      ${ORDER_TOTAL} AS amount,
      coalesce(due.reason, orders.cancellation_reason) AS reason,
      (extract(epoch FROM noted_at) * 1000000)::bigint::text AS micros
    FROM due JOIN orders USING (order_id) ORDER BY noted_at, refund_id`;
  return pageOf(
    rows.map(({ amount, noted_at, micros, ...refund }) => ({
      item: { ...refund, amount: Number(amount), notedAt: noted_at.toISOString() },
      place: { micros, id: refund.refundId },
    })),
    limit,
  );
}
