import type { OrdersClient } from '@shop/prisma/clients';
import { retryConflicts } from '@shop/prisma/retry-conflicts';
import { refundId, type RefundInput } from '@shop/workflows/contract';
import { OrderStep } from '../events/order-step';
import { recordEvent } from '../events/record-event';
import { OrderStatus, PaymentStatus } from './order-status';

/**
 * Records that a refund has ended: it is no longer due, and if it refunded the payment of a shipped order, that order's
 * payment is `refunded`. A cancelled order keeps its payment status. Recording it again changes nothing.
 *
 * Refunds are rare, so a transaction of several statements is fast enough.
 *
 * @param paymentId the refunded payment; null if nothing was charged
 */
export const recordRefund = (database: OrdersClient, refund: RefundInput, paymentId: string | null): Promise<void> =>
  retryConflicts(() =>
    database.$transaction(async (tx) => {
      const { orderId } = refund;
      // The lock makes concurrent calls record one event.
      await tx.$queryRaw`SELECT FROM orders WHERE order_id = ${orderId}::uuid FOR NO KEY UPDATE`;
      await tx.refundDue.deleteMany({ where: { refundId: refundId(refund), orderId } });
      if (paymentId === null) return;
      await tx.order.updateMany({
        where: { orderId, paymentId, orderStatus: OrderStatus.shipped, paymentStatus: PaymentStatus.success },
        data: { paymentStatus: PaymentStatus.refunded },
      });
      await recordEvent(tx, orderId, OrderStep.refunded, `payment ${paymentId}`);
    }),
  );
