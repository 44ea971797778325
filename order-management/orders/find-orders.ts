import type { OrdersClient } from '@shop/prisma/clients';
import { OrderStatus, orderStatusOf } from './order-status';
import type { PlacedOrder } from './placed-order';
import { cancellationOf } from './settle-order';

/** How many orders one statement reads. A batch takes about 10 ms, so that other requests are answered in between. */
const BATCH = 1_000;

/** Finds all orders that are not deleted, oldest first. */
export async function findOrders(database: OrdersClient): Promise<PlacedOrder[]> {
  const ids = await database.$queryRaw<{ order_id: string }[]>`
    SELECT order_id FROM orders WHERE deleted_at IS NULL ORDER BY order_date, order_id`;
  const found: PlacedOrder[] = [];
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH).map((row) => row.order_id);
    for (const order of await findOrdersById(database, batch)) found.push(order);
  }
  return found;
}

/** Finds an order; null if it does not exist or was deleted. */
export async function findOrder(database: OrdersClient, orderId: string): Promise<PlacedOrder | null> {
  const [order] = await findOrdersById(database, [orderId]);
  return order ?? null;
}

interface OrderRow extends Omit<PlacedOrder, 'cancellation'> {
  cancellationCode: string | null;
  cancellationReason: string | null;
}

/**
 * Finds the given orders, in the given sequence, without those that do not exist or were deleted. The ids are a single
 * parameter: PostgreSQL accepts at most 65,535, and keeps every distinct statement text for as long as the connection lives.
 */
export async function findOrdersById(database: OrdersClient, orderIds: string[]): Promise<PlacedOrder[]> {
  const rows = await database.$queryRaw<OrderRow[]>`
    SELECT order_id AS "orderId", customer_id AS "customerId", order_status AS "orderStatus",
      payment_status AS "paymentStatus", order_date AS "orderDate", cancellation_code AS "cancellationCode",
      cancellation_reason AS "cancellationReason", ordered.lines
    FROM unnest(${orderIds}::uuid[]) WITH ORDINALITY AS wanted (order_id, position)
    JOIN orders USING (order_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(json_agg(json_build_object(
        'productId', product_id, 'name', product.name, 'price', coalesce(line.unit_price, product.price)::text,
        'description', product.description, 'quantityAvailable', product.quantity_available,
        'productType', product.product_type, 'quantity', line.quantity) ORDER BY product_id), '[]') AS lines
      FROM order_products line JOIN products product USING (product_id) WHERE line.order_id = orders.order_id
    ) ordered
    WHERE deleted_at IS NULL
    ORDER BY position`;
  return rows.map(placedOrderOf);
}

const placedOrderOf = ({ cancellationCode, cancellationReason, ...order }: OrderRow): PlacedOrder => ({
  ...order,
  ...(orderStatusOf(order.orderStatus) === OrderStatus.cancelled && {
    cancellation: cancellationOf(cancellationCode, cancellationReason),
  }),
});
