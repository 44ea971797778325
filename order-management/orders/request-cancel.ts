import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { OrderStatus } from './order-status';

const PLACED = literal(OrderStatus.placed);

/**
 * Records that a customer cancels an order. The saga is signalled afterwards. A recorded cancel prevents shipping.
 *
 * @returns the order's status; the cancel is recorded only if it is `placed`. Null if the order does not exist
 */
export async function requestCancel(database: OrdersClient, orderId: string): Promise<string | null> {
  const requested = await database.$executeRaw`
    UPDATE orders SET cancel_requested_at = coalesce(cancel_requested_at, now()), examine_after = now()
    WHERE order_id = ${orderId}::uuid AND order_status = ${PLACED} AND deleted_at IS NULL`;
  if (requested > 0) return OrderStatus.placed;
  const order = await database.order.findUnique({ where: { orderId, deletedAt: null }, select: { orderStatus: true } });
  return order?.orderStatus ?? null;
}

/**
 * Hides an order, and records a cancel if it is `placed`. The row stays, so that a late payment still finds its order.
 *
 * @returns the order's status; null if the order does not exist
 */
export async function deleteOrder(database: OrdersClient, orderId: string): Promise<string | null> {
  const rows = await database.$queryRaw<{ order_status: string }[]>`
    UPDATE orders SET
      deleted_at = now(),
      cancel_requested_at = CASE WHEN order_status = ${PLACED} THEN coalesce(cancel_requested_at, now()) ELSE cancel_requested_at END,
      examine_after = CASE WHEN order_status = ${PLACED} THEN now() ELSE examine_after END
    WHERE order_id = ${orderId}::uuid AND deleted_at IS NULL
    RETURNING order_status`;
  return rows[0]?.order_status ?? null;
}
