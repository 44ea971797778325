import type { OrdersClient } from '@shop/prisma/clients';
import { compensations } from '@shop/runtime/metrics';
import { refundId, type RefundInput } from '@shop/workflows/contract';
import { OrderStep } from '../events/order-step';
import { recordEvent } from '../events/record-event';

/** Time from the record of a refund to its first check, in milliseconds. The refund has usually ended by then. */
export const EXAMINE_AFTER_MS = 10_000;

const refundStarted = compensations.labels('refund_started');
refundStarted.inc(0);

/** Records that a refund is due, before its workflow is started. Recording it again changes and counts nothing. */
export async function recordRefundDue(database: OrdersClient, refund: RefundInput): Promise<void> {
  const [, recorded] = await database.$transaction([
    database.$executeRaw`
      INSERT INTO refunds_due (refund_id, order_id, payment_id, examine_after)
      SELECT ${refundId(refund)}::uuid, order_id, ${refund.paymentId ?? null}::uuid,
        now() + ${EXAMINE_AFTER_MS}::int * interval '1 ms'
      FROM orders WHERE order_id = ${refund.orderId}::uuid
      ON CONFLICT DO NOTHING`,
    recordEvent(database, refund.orderId, OrderStep.refundDue, reasonOf(refund)),
  ]);
  // The event is recorded once per refund. The row is not: the statement that cancels an order may have inserted it.
  refundStarted.inc(recorded);
}

const reasonOf = ({ paymentId }: RefundInput): string =>
  paymentId === undefined ? 'every charge of the order' : `payment ${paymentId}`;

/** A refund that is recorded as due. */
export interface RefundDue {
  refund: RefundInput;
  notedAt: Date;
}

interface RefundDueRow {
  order_id: string;
  payment_id: string | null;
  reason: string | null;
  noted_at: Date;
}

/** Claims refunds to check. No other instance gets them within `examineAgainMs` milliseconds. */
export async function claimRefundsDue(
  database: OrdersClient,
  { limit, examineAgainMs }: { limit: number; examineAgainMs: number },
): Promise<RefundDue[]> {
  const rows = await database.$queryRaw<RefundDueRow[]>`
    UPDATE refunds_due SET examine_after = now() + ${examineAgainMs}::int * interval '1 ms'
    WHERE refund_id IN (
      SELECT refund_id FROM refunds_due WHERE examine_after <= now()
      ORDER BY examine_after LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING order_id, payment_id, reason, noted_at`;
  return rows.map(({ order_id, payment_id, reason, noted_at }) => ({
    refund: {
      orderId: order_id,
      ...(payment_id !== null && { paymentId: payment_id }),
      ...(reason !== null && { reason }),
    },
    notedAt: noted_at,
  }));
}

/** Postpones the next check of a refund that still runs, by a quarter of its age but at most one hour. */
export async function postponeRefundCheck(database: OrdersClient, refund: RefundInput): Promise<void> {
  await database.$executeRaw`
    UPDATE refunds_due SET examine_after = greatest(examine_after, now() + least((now() - noted_at) / 4, interval '1 hour'))
    WHERE refund_id = ${refundId(refund)}::uuid`;
}

/** Deletes the record of a refund that has ended, or that turned out not to be due. */
export async function deleteRefundDue(database: OrdersClient, refund: RefundInput): Promise<void> {
  await database.refundDue.deleteMany({ where: { refundId: refundId(refund) } });
}

/** The refunds that are recorded as due, and the age of the oldest in seconds; 0 if there is none. */
export interface RefundsDueSummary {
  count: number;
  oldestSeconds: number;
}

/** Summarizes the refunds that are recorded as due. */
export async function summarizeRefundsDue(database: OrdersClient): Promise<RefundsDueSummary> {
  const [summary] = await database.$queryRaw<RefundsDueSummary[]>`
    SELECT count(*)::int AS count,
      greatest(coalesce(extract(epoch FROM now() - min(noted_at)), 0), 0)::float8 AS "oldestSeconds"
    FROM refunds_due`;
  return summary!;
}
