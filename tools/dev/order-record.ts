import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import type { TemporalSecurity } from '@shop/runtime/temporal-security';
import { orderWorkflowId, refundWorkflowId, sagaStatus, type SagaStatus } from '@shop/workflows/contract';
import { withDatabase } from './with-database';

const TEMPORAL_TIMEOUT_MS = 5_000;

/** The databases and the Temporal server that store the state of orders. */
export interface OrderSources {
  databaseUrl: string;
  /** The database of payment-processing; its tables are in the schema that the URL names. */
  paymentsDatabaseUrl: string;
  temporalAddress: string;
  temporalSecurity: TemporalSecurity;
  /** Decrypts the payloads of Temporal. */
  codec: PayloadCodec;
  namespace: string;
}

export interface OrderRow {
  orderId: string;
  customerId: string;
  orderStatus: string;
  paymentStatus: string;
  orderDate: Date;
  cancelRequestedAt: Date | null;
  settledAt: Date | null;
  deletedAt: Date | null;
  paymentId: string | null;
  cancellationCode: string | null;
  cancellationReason: string | null;
  /** A decimal; null for an order of the original, which stores no prices. */
  amount: string | null;
  products: string[];
}

export interface PaymentRow {
  paymentId: string;
  /** A decimal; null in a void payment. */
  amount: string | null;
  status: string;
  reason: string;
  paidAt: Date;
  refundedAt: Date | null;
}

export interface RefundWorkflow {
  workflowId: string;
  /** As Temporal names it, such as RUNNING or COMPLETED. */
  status: string;
  startedAt: Date;
  closedAt: Date | null;
}

/** A step that somebody has requested, as the history of the order names it. */
export interface RequestedStep {
  step: string;
  time: Date;
  reason: string | null;
  actor: string;
}

/** Everything that is known about an order. */
export interface OrderRecord {
  order: OrderRow;
  requested: RequestedStep[];
  payment: PaymentRow | null;
  /** Refunds that have not ended. */
  refundsDue: { paymentId: string | null; since: Date }[];
  /** What the saga reports; null if it does not answer. */
  saga: SagaStatus | null;
  refunds: RefundWorkflow[];
  /** One sentence for each source that could not be read, with the reason. */
  gaps: string[];
}

/** Reads everything that is known about an order. @returns null if the database has no such order */
export async function readOrder(sources: OrderSources, orderId: string): Promise<OrderRecord | null> {
  const found = await readOrderRow(sources.databaseUrl, orderId);
  if (!found) return null;
  const gaps: string[] = [];
  const payment = await readPayment(sources.paymentsDatabaseUrl, orderId).catch((error: unknown) => {
    gaps.push(`The database of payment-processing is not readable: ${textOf(error)}.`);
    return null;
  });
  const temporal = await readTemporal(sources, orderId, [
    found.order.paymentId,
    payment?.paymentId ?? null,
    ...found.refundsDue.map(({ paymentId }) => paymentId),
  ]).catch((error: unknown) => {
    gaps.push(`Temporal is not readable: ${textOf(error)}. The steps below are from the database alone.`);
    return { saga: null, refunds: [] };
  });
  if (temporal.saga === 'missing') {
    gaps.push('Temporal has no saga of this order. The steps below are from the database alone.');
  }
  return { ...found, ...temporal, saga: temporal.saga === 'missing' ? null : temporal.saga, payment, gaps };
}

async function readOrderRow(
  databaseUrl: string,
  orderId: string,
): Promise<Pick<OrderRecord, 'order' | 'requested' | 'refundsDue'> | null> {
  return withDatabase(databaseUrl, async (sql) => {
    // The column of the original has no time zone; its times are in UTC.
    const { rows } = await sql.query<OrderRow>(
      `SELECT order_id AS "orderId", customer_id AS "customerId", order_status AS "orderStatus",
         payment_status AS "paymentStatus", order_date AT TIME ZONE 'UTC' AS "orderDate",
         cancel_requested_at AS "cancelRequestedAt", settled_at AS "settledAt", deleted_at AS "deletedAt",
         payment_id AS "paymentId", cancellation_code AS "cancellationCode", cancellation_reason AS "cancellationReason",
         (SELECT CASE WHEN bool_and(unit_price IS NOT NULL) THEN sum(quantity * unit_price)::text END
          FROM order_products WHERE order_id = $1) AS amount,
         ARRAY (SELECT quantity || ' × ' || name || coalesce(' at $' || unit_price, '')
          FROM order_products JOIN products USING (product_id) WHERE order_id = $1 ORDER BY name) AS products
       FROM orders WHERE order_id = $1`,
      [orderId],
    );
    const [order] = rows;
    if (!order) return null;
    const refundsDue = await sql.query<{ paymentId: string | null; since: Date }>(
      `SELECT payment_id AS "paymentId", noted_at AS since FROM refunds_due WHERE order_id = $1 ORDER BY noted_at`,
      [orderId],
    );
    const requested = await sql.query<RequestedStep>(
      `SELECT step, recorded_at AS time, reason, actor FROM order_events
       WHERE order_id = $1 AND actor IS NOT NULL ORDER BY recorded_at`,
      [orderId],
    );
    return { order, requested: requested.rows, refundsDue: refundsDue.rows };
  });
}

async function readPayment(databaseUrl: string, orderId: string): Promise<PaymentRow | null> {
  const url = new URL(databaseUrl);
  const schema = url.searchParams.get('schema') ?? 'public';
  return withDatabase(databaseUrl, async (sql) => {
    const { rows } = await sql.query<PaymentRow>(
      `SELECT payment_id AS "paymentId", amount::text, status, reason, paid_at AS "paidAt", refunded_at AS "refundedAt"
       FROM ${sql.escapeIdentifier(schema)}.payments WHERE order_id = $1`,
      [orderId],
    );
    return rows[0] ?? null;
  });
}

async function readTemporal(
  { temporalAddress, temporalSecurity, codec, namespace }: OrderSources,
  orderId: string,
  paymentIds: (string | null)[],
): Promise<{ saga: SagaStatus | 'missing'; refunds: RefundWorkflow[] }> {
  const connection = await Connection.connect({
    address: temporalAddress,
    ...temporalSecurity,
    connectTimeout: TEMPORAL_TIMEOUT_MS,
  });
  try {
    const { workflow } = new Client({ connection, namespace, dataConverter: { payloadCodecs: [codec] } });
    return await connection.withDeadline(Date.now() + TEMPORAL_TIMEOUT_MS, async () => {
      const saga = await workflow.getHandle(orderWorkflowId(orderId)).query(sagaStatus).catch(orMissing);
      const answers = saga === 'missing' ? [] : saga.answers.map(({ paymentId }) => paymentId);
      const ids = [...paymentIds, ...answers].flatMap((paymentId) =>
        paymentId === null ? [] : [{ orderId, paymentId }],
      );
      const workflowIds = new Set([{ orderId }, ...ids].map(refundWorkflowId));
      const refunds: RefundWorkflow[] = [];
      for (const workflowId of workflowIds) {
        const found = await workflow.getHandle(workflowId).describe().catch(orMissing);
        if (found === 'missing') continue;
        const { status, startTime, closeTime } = found;
        refunds.push({ workflowId, status: status.name, startedAt: startTime, closedAt: closeTime ?? null });
      }
      return { saga, refunds };
    });
  } finally {
    await connection.close();
  }
}

function orMissing(error: unknown): 'missing' {
  if (error instanceof WorkflowNotFoundError) return 'missing';
  throw error;
}

const textOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
};
