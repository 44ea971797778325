import type { OrdersClient } from '@shop/prisma/clients';
import { retryDeadlocks } from '@shop/prisma/errors';
import { literal } from '@shop/prisma/sql';
import type { Cancellation, Settlement } from '@shop/workflows/contract';
import { OrderStatus, PaymentStatus, settledPaymentStatusOf, settledStatusOf } from './order-status';
import { EXAMINE_AFTER_MS } from './refunds-due';

/** Ships a `placed` order that this payment has paid. One that its customer cancelled first, or that has no stock, it cancels. */
export const shipOrder = (database: OrdersClient, orderId: string, paymentId: string): Promise<Settlement> =>
  settle(database, orderId, { ship: true, paymentStatus: PaymentStatus.cancelled, paymentId });

/** Cancels a `placed` order and gives back the stock that was taken for it. */
export const cancelOrder = (database: OrdersClient, orderId: string, why: Cancellation): Promise<Settlement> =>
  settle(database, orderId, {
    ship: false,
    paymentStatus: why.paymentStatus,
    paymentId: why.paymentStatus === PaymentStatus.failed ? why.paymentId : null,
  });

interface Intent {
  ship: boolean;
  /** What becomes of the payment where the order ends cancelled. */
  paymentStatus: Cancellation['paymentStatus'];
  paymentId: string | null;
}

const PLACED = literal(OrderStatus.placed);
const SHIPPED = literal(OrderStatus.shipped);
const CANCELLED = literal(OrderStatus.cancelled);
const PAID = literal(PaymentStatus.success);
const UNPAID = literal(PaymentStatus.cancelled);

interface SettledRow {
  order_status: string;
  payment_status: string;
  payment_id: string | null;
}

/**
 * Moves an order out of `placed`, for good, in one transaction: its status and, where it ends cancelled, all of its
 * stock and, where it was not declined, a note that a payment of it may have to go back. An order that has left `placed`
 * stays as it is, so that a repeated or contradicting call changes nothing.
 *
 * @returns how the order ended, whoever settled it; an order that is not there is as good as cancelled
 */
async function settle(
  database: OrdersClient,
  orderId: string,
  { ship, paymentStatus, paymentId }: Intent,
): Promise<Settlement> {
  const settled = await retryDeadlocks(
    () => database.$queryRaw<SettledRow[]>`
      WITH settled AS (
        UPDATE orders SET
          order_status = CASE WHEN ${ship} AND cancel_requested_at IS NULL AND stock_taken_at IS NOT NULL
            THEN ${SHIPPED} ELSE ${CANCELLED} END,
          payment_status = CASE WHEN ${ship} AND cancel_requested_at IS NULL AND stock_taken_at IS NOT NULL
            THEN ${PAID} ELSE ${paymentStatus} END,
          payment_id = ${paymentId}::uuid,
          settled_at = now()
        WHERE order_id = ${orderId}::uuid AND order_status = ${PLACED}
        RETURNING order_id, order_status, payment_status, payment_id, stock_taken_at
      ), held AS (
        SELECT product.product_id, line.quantity
        FROM settled JOIN order_products line USING (order_id) JOIN products product USING (product_id)
        WHERE settled.order_status = ${CANCELLED} AND settled.stock_taken_at IS NOT NULL
        ORDER BY product.product_id
        FOR NO KEY UPDATE OF product
      ), returned AS (
        UPDATE products product SET quantity_available = product.quantity_available + held.quantity
        FROM held WHERE product.product_id = held.product_id
      ), noted AS (
        INSERT INTO refunds_due (refund_id, order_id, examine_after)
        SELECT order_id, order_id, now() + ${EXAMINE_AFTER_MS}::int * interval '1 ms' FROM settled
        WHERE order_status = ${CANCELLED} AND payment_status = ${UNPAID}
      )
      SELECT order_status, payment_status, payment_id FROM settled`,
  );
  // Read anew: the statement above saw the row as it was before whoever settled it first.
  const row =
    settled[0] ??
    (
      await database.$queryRaw<SettledRow[]>`
        SELECT order_status, payment_status, payment_id FROM orders WHERE order_id = ${orderId}::uuid`
    )[0];
  return row ? settlementOf(row) : GONE;
}

/** How an order ended that is not there. */
export const GONE: Settlement = {
  orderStatus: OrderStatus.cancelled,
  paymentStatus: PaymentStatus.cancelled,
  paymentId: null,
};

/** How a row that has left `placed` ended; rows of the original know a few words more. */
export const settlementOf = ({ order_status, payment_status, payment_id }: SettledRow): Settlement => ({
  orderStatus: settledStatusOf(order_status),
  paymentStatus: settledPaymentStatusOf(payment_status),
  paymentId: payment_id,
});
