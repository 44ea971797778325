import type { OrdersClient } from '@shop/prisma/clients';
import { sql } from '@shop/prisma/sql';
import { OrderStatus, orderStatusOf } from './order-status';
import type { OrderedProduct, PlacedOrder } from './placed-order';
import { cancellationOf } from './settle-order';

/** Finds an order; null if it does not exist or was deleted. */
export async function findOrder(database: OrdersClient, orderId: string): Promise<PlacedOrder | null> {
  const [order] = await findOrdersById(database, [orderId]);
  return order ?? null;
}

/**
 * Finds the given orders, in the given sequence, without those that do not exist or were deleted. The ids are a single
 * parameter: PostgreSQL accepts at most 65,535, and keeps every distinct statement text for as long as the connection lives.
 */
export async function findOrdersById(database: OrdersClient, orderIds: string[]): Promise<PlacedOrder[]> {
  const rows = await database.$queryRaw<OrderRow[]>`
    SELECT ${ORDER_COLUMNS}
    FROM unnest(${orderIds}::uuid[]) WITH ORDINALITY AS wanted (order_id, position)
    JOIN orders USING (order_id)
    CROSS JOIN LATERAL ${ORDERED_LINES}
    WHERE deleted_at IS NULL
    ORDER BY position`;
  return rows.map(placedOrderOf);
}

/** A row of `ORDER_COLUMNS`. */
export interface OrderRow extends Omit<PlacedOrder, 'cancellation' | 'lines'> {
  cancellationCode: string | null;
  cancellationReason: string | null;
  /** A JSON array of `OrderedProduct`. */
  lines: string;
}

/** The columns of an order that `placedOrderOf` reads, selected from `orders` and `ORDERED_LINES`. */
export const ORDER_COLUMNS = sql`
  orders.order_id AS "orderId", customer_id AS "customerId", order_status AS "orderStatus",
  payment_status AS "paymentStatus", order_date AS "orderDate", cancellation_code AS "cancellationCode",
  cancellation_reason AS "cancellationReason", ordered.lines`;

/**
 * A subquery `ordered` with the lines of the order in `orders`, for `CROSS JOIN LATERAL`. The lines are text: Prisma takes
 * twice as long to read a column of the type json.
 */
export const ORDERED_LINES = sql`(
  SELECT coalesce(json_agg(json_build_object(
    'productId', product_id, 'name', product.name, 'price', coalesce(line.unit_price, product.price)::text,
    'description', product.description, 'quantityAvailable', product.quantity_available,
    'productType', product.product_type, 'quantity', line.quantity) ORDER BY product_id), '[]')::text AS lines
  FROM order_products line JOIN products product USING (product_id) WHERE line.order_id = orders.order_id
) ordered`;

/** Converts a row to an order. */
export const placedOrderOf = ({ cancellationCode, cancellationReason, lines, ...order }: OrderRow): PlacedOrder => ({
  orderId: order.orderId,
  customerId: order.customerId,
  orderStatus: order.orderStatus,
  paymentStatus: order.paymentStatus,
  orderDate: order.orderDate,
  ...(orderStatusOf(order.orderStatus) === OrderStatus.cancelled && {
    cancellation: cancellationOf(cancellationCode, cancellationReason),
  }),
  lines: JSON.parse(lines) as OrderedProduct[],
});
