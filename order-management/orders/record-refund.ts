import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { refundId, type RefundInput } from '@shop/workflows/contract';
import { OrderStatus, PaymentStatus } from './order-status';

const SHIPPED = literal(OrderStatus.shipped);
const PAID = literal(PaymentStatus.success);
const REFUNDED = literal(PaymentStatus.refunded);

/**
 * Records that a refund has ended: it is no longer due, and if it refunded the payment of a shipped order, that order's
 * payment is `refunded`. A cancelled order keeps its payment status. Recording it again changes nothing.
 *
 * @param paymentId the refunded payment; null if nothing was charged
 */
export async function recordRefund(
  database: OrdersClient,
  refund: RefundInput,
  paymentId: string | null,
): Promise<void> {
  await database.$executeRaw`
    WITH found AS (
      SELECT order_id FROM orders WHERE order_id = ${refund.orderId}::uuid FOR NO KEY UPDATE
    ), refunded AS (
      UPDATE orders SET payment_status = ${REFUNDED} FROM found
      WHERE orders.order_id = found.order_id AND payment_id = ${paymentId}::uuid
        AND order_status = ${SHIPPED} AND payment_status = ${PAID}
    )
    DELETE FROM refunds_due USING found
    WHERE refunds_due.order_id = found.order_id AND refund_id = ${refundId(refund)}::uuid`;
}
