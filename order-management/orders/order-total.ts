import type { OrdersClient } from '@shop/prisma/clients';
import { sql } from '@shop/prisma/sql';

/** A subquery with the total of the order in `orders`: decimal text with two places. Lines of the original may lack a price. */
export const ORDER_TOTAL = sql`(
  SELECT coalesce(sum(coalesce(line.unit_price, product.price) * line.quantity), 0.00)::text
  FROM order_products line JOIN products product USING (product_id) WHERE line.order_id = orders.order_id)`;

/**
 * Whether this system accepted the order in `orders` and priced it: acceptance takes the stock in the statement that dates
 * the order. The stock of an order of the original is taken when it is adopted, or not at all.
 */
export const IS_OWN = sql`(stock_taken_at AT TIME ZONE 'UTC' = order_date) IS TRUE`;

/**
 * Reads the total of an order: decimal text with two places. Returns null if there is no such order, or if the original
 * placed it: the original charged the prices that the client had sent, and stored none.
 */
export async function readOrderTotal(database: OrdersClient, orderId: string): Promise<string | null> {
  const rows = await database.$queryRaw<{ total: string }[]>`
    SELECT ${ORDER_TOTAL} AS total FROM orders WHERE order_id = ${orderId}::uuid AND ${IS_OWN}`;
  return rows[0]?.total ?? null;
}

/** Compares the amount of a message, a JSON number, with a total of two places to the cent. */
export const isSameAmount = (amount: number, total: string): boolean => amount.toFixed(2) === Number(total).toFixed(2);
