import { sql } from '@shop/prisma/sql';

/** A subquery with the total of the order in `orders`: decimal text with two places. Lines of the original may lack a price. */
export const ORDER_TOTAL = sql`(
  SELECT coalesce(sum(coalesce(line.unit_price, product.price) * line.quantity), 0.00)::text
  FROM order_products line JOIN products product USING (product_id) WHERE line.order_id = orders.order_id)`;
