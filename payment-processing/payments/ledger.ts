import { randomUUID } from 'node:crypto';
import type { PaymentsClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import type { Logger } from '@shop/runtime/log';
import type { PaymentAnswer, PaymentRequest, RefundInput, RefundResult } from '@shop/workflows/contract';
import { declineReason } from './charge-limit';
import { countPayment } from './payment-metrics';
import { PaymentStatus } from './payment-status';

/** The outcome of a payment, and when it was decided. */
export interface PaymentResult extends PaymentAnswer {
  paidAt: Date;
  /** Set if the payment has another amount than the request: decimal with two places. */
  chargedAmount?: string;
}

/** Why a request contradicts the first request of its order, for an operator. */
export interface Contradiction {
  contradiction: string;
}

interface PaymentRow {
  payment_id: string;
  status: PaymentStatus;
  reason: string;
  paid_at: Date;
  created: boolean;
  customer_id: string | null;
  /** Rounded to cents; null in a void payment. */
  amount: string | null;
  has_other_amount: boolean;
}

interface RefundedPayment {
  orderId: string;
  paymentId: string;
  /** In dollars. */
  amount: { toString(): string } | null;
}

/** Stores the payments, one per order. A repeated charge or refund changes nothing and returns the same result. */
export class Ledger {
  constructor(
    private readonly database: PaymentsClient,
    private readonly log: Pick<Logger, 'info'>,
  ) {}

  /**
   * Charges an order or declines the charge, and stores the payment. An order that has a payment keeps it: a refunded or
   * void payment is returned as a decline. So is the payment of an adopted order: the original requested it, at the prices
   * that the client had sent.
   *
   * @returns the payment; a contradiction if the order has a payment of another customer or another amount. Amounts are
   *   compared to the cent, because they pass through floating-point numbers
   */
  async charge({ orderId, customerId, totalAmount, adopted }: PaymentRequest): Promise<PaymentResult | Contradiction> {
    const reason = declineReason(totalAmount);
    const status = reason ? PaymentStatus.failed : PaymentStatus.success;
    // DO UPDATE changes nothing here. Unlike DO NOTHING, it makes RETURNING return the existing row, whose xmax is the
    // transaction that locked it; a new row has none.
    const [row] = await this.database.$queryRaw<PaymentRow[]>`
      INSERT INTO payments AS existing (payment_id, order_id, customer_id, amount, status, reason)
      VALUES (${randomUUID()}::uuid, ${orderId}::uuid, ${customerId}::uuid, ${totalAmount}::numeric, ${status}, ${reason})
      ON CONFLICT (order_id) DO UPDATE SET order_id = existing.order_id
      RETURNING payment_id, status, reason, paid_at, xmax = 0 AS created, customer_id, round(amount, 2)::text AS amount,
        (round(amount, 2) <> round(${totalAmount}::numeric, 2)) IS TRUE AS has_other_amount`;
    const { payment_id: paymentId, created, customer_id: firstCustomer, amount, has_other_amount: differs } = row!;
    if (differs && !adopted)
      return { contradiction: `totalAmount is ${totalAmount}, but order ${orderId} has a payment of ${amount}` };
    if (firstCustomer !== null && firstCustomer !== customerId)
      return { contradiction: `customerId is ${customerId}, but order ${orderId} has a payment of ${firstCustomer}` };
    if (created) {
      countPayment(reason ? 'declined' : 'charged', totalAmount);
      this.log.info({ orderId, paymentId, amount: totalAmount, reason }, reason ? 'payment declined' : 'payment taken');
    }
    if (!differs || amount === null) return resultOf(row!);
    this.log.info({ orderId, paymentId, amount, requested: totalAmount }, 'adopted order was charged before');
    return { ...resultOf(row!), chargedAmount: amount };
  }

  /**
   * Refunds a payment of an order. Without a payment id, it refunds any payment of the order, and prevents later
   * charges.
   *
   * @returns the payment, if it is refunded now; repeating the call returns the same
   * @throws {Error} if the order has no payment with this id; an operator must then refund it
   */
  async refund({ orderId, paymentId }: RefundInput): Promise<RefundResult> {
    if (paymentId === undefined) return this.refundOrVoid(orderId);

    const refunded = await this.database.payment.updateMany({
      where: { paymentId, orderId, status: PaymentStatus.success },
      data: { status: PaymentStatus.refunded, refundedAt: new Date() },
    });
    const payment = await this.database.payment.findFirst({ where: { paymentId, orderId } });
    if (!payment) {
      throw new Error(
        `This service has no payment ${paymentId} for order ${orderId}. Refund it where it was charged, then terminate the workflow refund-${paymentId}.`,
      );
    }
    if (refunded.count > 0) this.reportRefund(payment);
    return resultOfRefund(payment);
  }

  private reportRefund({ orderId, paymentId, amount }: RefundedPayment): void {
    countPayment('refunded', String(amount));
    this.log.info({ orderId, paymentId }, 'payment refunded');
  }

  private async refundOrVoid(orderId: string): Promise<RefundResult> {
    const changed = await this.database.$queryRaw<Pick<PaymentRow, 'payment_id' | 'status' | 'amount'>[]>`
      INSERT INTO payments AS existing (payment_id, order_id, status)
      VALUES (${randomUUID()}::uuid, ${orderId}::uuid, ${literal(PaymentStatus.void)})
      ON CONFLICT (order_id) DO UPDATE SET status = ${literal(PaymentStatus.refunded)}, refunded_at = now()
        WHERE existing.status = ${literal(PaymentStatus.success)}
      RETURNING payment_id, status, round(amount, 2)::text AS amount`;
    for (const { payment_id: paymentId, status, amount } of changed) {
      if (status === PaymentStatus.refunded) this.reportRefund({ orderId, paymentId, amount });
      else this.log.info({ orderId, paymentId }, `payment ${status}`);
    }
    return resultOfRefund(await this.database.payment.findUniqueOrThrow({ where: { orderId } }));
  }
}

const resultOfRefund = ({ paymentId, status }: { paymentId: string; status: string }): RefundResult => ({
  paymentId: status === PaymentStatus.refunded ? paymentId : null,
});

/** Reasons that follow from the status. The reason of a declined payment is stored in its row. */
const REASONS: Partial<Record<PaymentStatus, string>> = {
  refunded: 'payment was refunded',
  void: 'order was cancelled before it was paid',
};

const resultOf = ({ payment_id, status, reason, paid_at }: PaymentRow): PaymentResult => ({
  paymentId: payment_id,
  success: status === PaymentStatus.success,
  reason: REASONS[status] ?? reason,
  paidAt: paid_at,
});
