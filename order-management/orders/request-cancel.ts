import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { ANONYMOUS, type Caller } from '@shop/runtime/access/caller';
import { OrderStep } from '../events/order-step';
import { OrderStatus } from './order-status';

const PLACED = literal(OrderStatus.placed);

/**
 * Records that a customer cancels an order. The saga is signalled afterwards. A recorded cancel prevents shipping.
 *
 * @param caller who cancels it. For a customer, the orders of others do not exist
 * @returns the order's status; the cancel is recorded only if it is `placed`. Null if the order does not exist
 */
export async function requestCancel(
  database: OrdersClient,
  orderId: string,
  { customerId, actor }: Caller = ANONYMOUS,
): Promise<string | null> {
  const requested = await database.$queryRaw<object[]>`
    WITH found AS (
      SELECT order_id, cancel_requested_at FROM orders
      WHERE order_id = ${orderId}::uuid AND order_status = ${PLACED} AND deleted_at IS NULL
        AND (${customerId}::uuid IS NULL OR customer_id = ${customerId}::uuid)
      FOR NO KEY UPDATE
    ), requested AS (
      UPDATE orders SET cancel_requested_at = coalesce(found.cancel_requested_at, now()), examine_after = now()
      FROM found WHERE orders.order_id = found.order_id
    ), recorded AS (
      INSERT INTO order_events (order_id, step, actor)
      SELECT order_id, ${literal(OrderStep.cancelRequested)}, ${actor} FROM found WHERE cancel_requested_at IS NULL
    )
    SELECT order_id FROM found`;
  if (requested.length > 0) return OrderStatus.placed;
  const order = await database.order.findUnique({
    where: { orderId, deletedAt: null, ...(customerId !== null && { customerId }) },
    select: { orderStatus: true },
  });
  return order?.orderStatus ?? null;
}

/**
 * Hides an order, and records a cancel if it is `placed`. The row stays, so that a late payment still finds its order.
 *
 * @param caller who deletes it
 * @returns the order's status; null if the order does not exist
 */
export async function deleteOrder(
  database: OrdersClient,
  orderId: string,
  { actor }: Pick<Caller, 'actor'> = ANONYMOUS,
): Promise<string | null> {
  const rows = await database.$queryRaw<{ order_status: string }[]>`
    WITH found AS (
      SELECT order_id, order_status, order_status = ${PLACED} AND cancel_requested_at IS NULL AS cancels
      FROM orders WHERE order_id = ${orderId}::uuid AND deleted_at IS NULL FOR NO KEY UPDATE
    ), deleted AS (
      UPDATE orders SET
        deleted_at = now(),
        cancel_requested_at = CASE WHEN cancels THEN now() ELSE cancel_requested_at END,
        examine_after = CASE WHEN orders.order_status = ${PLACED} THEN now() ELSE examine_after END
      FROM found WHERE orders.order_id = found.order_id
    ), recorded AS (
      INSERT INTO order_events (order_id, step, actor)
      SELECT order_id, step, ${actor} FROM found CROSS JOIN LATERAL (VALUES
        (1, ${literal(OrderStep.cancelRequested)}, cancels),
        (2, ${literal(OrderStep.deleted)}, true)
      ) steps (position, step, happened) WHERE happened ORDER BY position
    )
    SELECT order_status FROM found`;
  return rows[0]?.order_status ?? null;
}
