import type { PaymentsClient } from '@shop/prisma/clients';
import { joinSql, literal, sql, unnamed } from '@shop/prisma/sql';
import { pageOf, type ListPage, type ListPlace } from '@shop/runtime/list-page';
import type { PaymentStatus } from './payment-status';

/** A payment, as clients see it. */
export interface ListedPayment {
  paymentId: string;
  orderId: string;
  /** Null in a void payment. */
  customerId: string | null;
  /** In dollars; null in a void payment. */
  amount: number | null;
  status: string;
  /** Why the payment was declined; empty otherwise. */
  reason: string;
  /** When the payment was decided. */
  paidAt: string;
  refundedAt: string | null;
}

export interface PaymentFilter {
  orderId?: string | undefined;
  paymentId?: string | undefined;
  status?: PaymentStatus | undefined;
}

interface PaymentRow extends Omit<ListedPayment, 'amount' | 'paidAt' | 'refundedAt'> {
  amount: string | null;
  paid_at: Date;
  refunded_at: Date | null;
  micros: string;
}

/** Finds a page of the payments that match, the newest first. */
export async function findPayments(
  database: PaymentsClient,
  { orderId, paymentId, status }: PaymentFilter,
  { limit, after }: { limit: number; after: ListPlace | null },
): Promise<ListPage<ListedPayment>> {
  const conditions = [
    sql`true`,
    ...(orderId === undefined ? [] : [sql`order_id = ${orderId}::uuid`]),
    ...(paymentId === undefined ? [] : [sql`payment_id = ${paymentId}::uuid`]),
    // A constant, so that the planner can use the partial index of the unusual statuses.
    ...(status === undefined ? [] : [sql`status = ${literal(status)}`]),
    ...(after === null
      ? []
      : [
          sql`(paid_at, payment_id) < (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id}::uuid)`,
        ]),
  ];
  const rows = await database.$queryRaw<PaymentRow[]>(sql`${unnamed}
    SELECT payment_id AS "paymentId", order_id AS "orderId", customer_id AS "customerId", amount::text, status, reason,
      paid_at, refunded_at, (extract(epoch FROM paid_at) * 1000000)::bigint::text AS micros
    FROM payments WHERE ${joinSql(conditions, ' AND ')}
    ORDER BY paid_at DESC, payment_id DESC LIMIT ${limit + 1}`);
  return pageOf(
    rows.map(({ amount, paid_at, refunded_at, micros, ...payment }) => ({
      item: {
        ...payment,
        amount: amount === null ? null : Number(amount),
        paidAt: paid_at.toISOString(),
        refundedAt: refunded_at?.toISOString() ?? null,
      },
      place: { micros, id: payment.paymentId },
    })),
    limit,
  );
}

/** Finds a payment; null if it does not exist. */
export async function findPayment(database: PaymentsClient, paymentId: string): Promise<ListedPayment | null> {
  const { items } = await findPayments(database, { paymentId }, { limit: 1, after: null });
  return items[0] ?? null;
}
