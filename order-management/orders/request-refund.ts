import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { ANONYMOUS, type Caller } from '@shop/runtime/access/caller';
import type { RefundInput } from '@shop/workflows/contract';
import { OrderStep } from '../events/order-step';
import { OrderStatus, PaymentStatus } from './order-status';
import { EXAMINE_AFTER_MS } from './refunds-due';

/** What became of the request for a refund, and the state of the order. */
export type RefundRequest =
  | { outcome: 'due'; refund: Required<RefundInput>; isRepeated: boolean }
  | { outcome: 'refunded'; refundId: string }
  | { outcome: 'refused'; orderStatus: string; paymentStatus: string }
  | { outcome: 'not found' };

interface OrderRow {
  order_status: string;
  payment_status: string;
  payment_id: string | null;
  /** The reason of the refund, of its first request; null if no refund is due. */
  reason: string | null;
  /** Whether this request has recorded the refund; null if no refund is due. */
  created: boolean | null;
}

const SHIPPED = literal(OrderStatus.shipped);
const PAID = literal(PaymentStatus.success);

/**
 * Records that the payment of a shipped order must be refunded, before the workflow of the refund is started. A repeated
 * request keeps the reason and the time of the first one, because the customer has waited since then.
 *
 * @param caller who requests it
 */
export async function requestRefund(
  database: OrdersClient,
  orderId: string,
  reason: string,
  { actor }: Pick<Caller, 'actor'> = ANONYMOUS,
): Promise<RefundRequest> {
  const rows = await database.$queryRaw<OrderRow[]>`
    WITH found AS (
      SELECT order_id, order_status, payment_status, payment_id FROM orders
      WHERE order_id = ${orderId}::uuid AND deleted_at IS NULL FOR NO KEY UPDATE
    ), due AS (
      INSERT INTO refunds_due AS existing (refund_id, order_id, payment_id, reason, examine_after)
      SELECT payment_id, order_id, payment_id, ${reason}, now() + ${EXAMINE_AFTER_MS}::int * interval '1 ms'
      FROM found WHERE order_status = ${SHIPPED} AND payment_status = ${PAID} AND payment_id IS NOT NULL
      ON CONFLICT (refund_id) DO UPDATE SET reason = coalesce(existing.reason, excluded.reason)
      RETURNING order_id, payment_id, reason, xmax = 0 AS created -- a row that existed has the xmax of its lock
    ), recorded AS (
      INSERT INTO order_events (order_id, step, reason, actor)
      SELECT order_id, ${literal(OrderStep.refundDue)}, 'payment ' || payment_id || ', requested by hand: ' || reason, ${actor}
      FROM due WHERE created
    )
    SELECT order_status, payment_status, payment_id, (SELECT reason FROM due), (SELECT created FROM due) FROM found`;
  const [order] = rows;
  if (!order) return { outcome: 'not found' };
  const { order_status: orderStatus, payment_status: paymentStatus, payment_id: paymentId } = order;
  if (paymentId !== null && order.reason !== null) {
    return {
      outcome: 'due',
      refund: { orderId, paymentId, reason: order.reason },
      isRepeated: order.created === false,
    };
  }
  if (paymentId !== null && paymentStatus === PaymentStatus.refunded)
    return { outcome: 'refunded', refundId: paymentId };
  return { outcome: 'refused', orderStatus, paymentStatus };
}
