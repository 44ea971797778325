import type { OrdersClient } from '@shop/prisma/clients';
import { findOrder } from './find-orders';
import { isFinal } from './order-status';
import { ORDER_TOTAL } from './order-total';
import type { PlacedOrder } from './placed-order';

/** An order with what a client needs that reads one order. */
export interface OrderDetails extends PlacedOrder {
  /** Decimal with two places. */
  totalAmount: string;
  /** When the order was settled; null if it is not, and for orders that the original settled. */
  settledAt: Date | null;
}

/**
 * Finds an order with its details; null if it does not exist or was deleted.
 *
 * @param customerId if it is not null, the orders of other customers do not exist
 */
export async function findOrderDetails(
  database: OrdersClient,
  orderId: string,
  customerId: string | null = null,
): Promise<OrderDetails | null> {
  const order = await findOrder(database, orderId);
  if (!order || (customerId !== null && order.customerId !== customerId)) return null;
  const [details] = await database.$queryRaw<Pick<OrderDetails, 'totalAmount' | 'settledAt'>[]>`
    SELECT settled_at AS "settledAt", ${ORDER_TOTAL} AS "totalAmount"
    FROM orders WHERE order_id = ${orderId}::uuid AND deleted_at IS NULL`;
  if (!details) return null;
  // The order may have been settled between the two statements.
  return { ...order, ...details, settledAt: isFinal(order.orderStatus) ? details.settledAt : null };
}
