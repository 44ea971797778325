import type { OrdersClient } from '@shop/prisma/clients';
import { refundId, type RefundInput } from '@shop/workflows/contract';

/** By then the saga or the refund has ended, as a rule, and one look is enough. */
export const EXAMINE_AFTER_MS = 10_000;

/** Notes that money must go back, before anybody starts to give it back; once, however often it is noted. */
export async function noteRefund(database: OrdersClient, refund: RefundInput): Promise<void> {
  await database.$executeRaw`
    INSERT INTO refunds_due (refund_id, order_id, payment_id, examine_after)
    SELECT ${refundId(refund)}::uuid, order_id, ${refund.paymentId ?? null}::uuid,
      now() + ${EXAMINE_AFTER_MS}::int * interval '1 ms'
    FROM orders WHERE order_id = ${refund.orderId}::uuid
    ON CONFLICT DO NOTHING`;
}

/** Claims refunds to look after: no other instance gets them before `examineAgainMs` have passed. */
export async function claimRefundsDue(
  database: OrdersClient,
  { limit, examineAgainMs }: { limit: number; examineAgainMs: number },
): Promise<RefundInput[]> {
  const rows = await database.$queryRaw<{ order_id: string; payment_id: string | null }[]>`
    UPDATE refunds_due SET examine_after = now() + ${examineAgainMs}::int * interval '1 ms'
    WHERE refund_id IN (
      SELECT refund_id FROM refunds_due WHERE examine_after <= now()
      ORDER BY examine_after LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING order_id, payment_id`;
  return rows.map(({ order_id, payment_id }) => ({
    orderId: order_id,
    ...(payment_id === null ? {} : { paymentId: payment_id }),
  }));
}

/** Leaves a refund that still runs alone for a quarter of the time that it has been due, an hour at most. */
export async function leaveRefund(database: OrdersClient, refund: RefundInput): Promise<void> {
  await database.$executeRaw`
    UPDATE refunds_due SET examine_after = greatest(examine_after, now() + least((now() - noted_at) / 4, interval '1 hour'))
    WHERE refund_id = ${refundId(refund)}::uuid`;
}

/** Forgets a refund that has ended, or that proved not to be due. */
export async function forgetRefund(database: OrdersClient, refund: RefundInput): Promise<void> {
  await database.refundDue.deleteMany({ where: { refundId: refundId(refund) } });
}

/** How many refunds have not been seen to end. */
export const countRefundsDue = (database: OrdersClient): Promise<number> => database.refundDue.count();
