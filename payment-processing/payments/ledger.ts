import { randomUUID } from 'node:crypto';
import type { PaymentsClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import type { PaymentAnswer, PaymentRequest, RefundInput } from '@shop/workflows/contract';
import { declineReason } from './charge-limit';
import { PaymentStatus } from './payment-status';

/** How a payment came out, and when it was decided. */
export interface PaymentResult extends PaymentAnswer {
  paidAt: Date;
}

interface PaymentRow {
  payment_id: string;
  status: PaymentStatus;
  reason: string;
  paid_at: Date;
}

/**
 * The payments, one an order: a request that comes again gets the payment it got before, and a refund that comes again
 * finds it done. Money that went back, or was never to be taken, is answered as no success from then on.
 */
export class Ledger {
  constructor(private readonly database: PaymentsClient) {}

  /** Charges an order, or declines it; either is kept before it is answered. */
  async charge({ orderId, customerId, totalAmount }: PaymentRequest): Promise<PaymentResult> {
    const reason = declineReason(totalAmount);
    const status = reason ? PaymentStatus.failed : PaymentStatus.success;
    // The update changes nothing: it is there to have the first payment returned where there is one.
    const rows = await this.database.$queryRaw<PaymentRow[]>`
      INSERT INTO payments AS first (payment_id, order_id, customer_id, amount, status, reason)
      VALUES (${randomUUID()}::uuid, ${orderId}::uuid, ${customerId}::uuid, ${totalAmount}::numeric, ${status}, ${reason})
      ON CONFLICT (order_id) DO UPDATE SET order_id = first.order_id
      RETURNING payment_id, status, reason, paid_at`;
    return resultOf(rows[0]!);
  }

  /**
   * Gives an order's payment back, or notes that it must not be charged any more.
   *
   * @throws where the payment to refund is not one of ours: a human must see to it
   */
  async refund({ orderId, paymentId }: RefundInput): Promise<void> {
    if (paymentId === undefined) return this.refundOrVoid(orderId);

    const refunded = await this.database.payment.updateMany({
      where: { paymentId, orderId, status: PaymentStatus.success },
      data: { status: PaymentStatus.refunded, refundedAt: new Date() },
    });
    if (refunded.count > 0) return;
    const known = await this.database.payment.count({ where: { paymentId, orderId } });
    if (known === 0) {
      throw new Error(
        `Payment ${paymentId} of order ${orderId} is not known here: refund it where it was charged, then terminate refund-${paymentId}.`,
      );
    }
  }

  private async refundOrVoid(orderId: string): Promise<void> {
    await this.database.$executeRaw`
      INSERT INTO payments AS first (payment_id, order_id, status)
      VALUES (${randomUUID()}::uuid, ${orderId}::uuid, ${literal(PaymentStatus.void)})
      ON CONFLICT (order_id) DO UPDATE SET status = ${literal(PaymentStatus.refunded)}, refunded_at = now()
        WHERE first.status = ${literal(PaymentStatus.success)}`;
  }
}

const REASONS: Partial<Record<PaymentStatus, string>> = {
  refunded: 'payment was refunded',
  void: 'order was given up before it was paid',
};

const resultOf = ({ payment_id, status, reason, paid_at }: PaymentRow): PaymentResult => ({
  paymentId: payment_id,
  success: status === PaymentStatus.success,
  reason: REASONS[status] ?? reason,
  paidAt: paid_at,
});
