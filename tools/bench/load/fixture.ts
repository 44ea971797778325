import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import type { Client } from 'pg';

/** Who orders, and what: the same for every contestant. */
export const CUSTOMER_ID = PREDEFINED_CUSTOMER.customerId;
const PRODUCTS = 100;
const PRICE = 90;
const STOCK_OF_EACH = 1_000_000_000;
const productId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The body of the n-th order: one product of a hundred; every tenth costs more than is paid, and ends cancelled. */
export const orderBody = (n: number): string =>
  JSON.stringify({
    customerId: CUSTOMER_ID,
    products: [{ productId: productId((n * 37) % PRODUCTS), orderedQuantity: n % 10 === 9 ? 12 : 1 }],
  });

/** Fills a contestant's tables with what can be ordered. */
export async function stockUp(databaseUrl: string): Promise<void> {
  await withDatabase(databaseUrl, async (sql) => {
    await sql.query(
      `INSERT INTO customers (customer_id, first_name, last_name, email)
       VALUES ($1, 'John', 'Doe', 'john.doe@test.com') ON CONFLICT DO NOTHING`,
      [CUSTOMER_ID],
    );
    await sql.query(
      `INSERT INTO products (product_id, name, price, description, quantity_available, product_type)
       SELECT id, 'Product', $2, '', $3, 'Bench' FROM unnest($1::uuid[]) AS id`,
      [Array.from({ length: PRODUCTS }, (_, n) => productId(n)), PRICE, STOCK_OF_EACH],
    );
    // And nothing else: tables known to be empty get plans that read them whole, and keep them when they have filled.
    await sql.query('ANALYZE customers, products');
  });
}

/** What contradicts the sale of these products, a line each; nothing where stock and payments are right. */
export async function violationsOf(client: Pick<Client, 'query'>, accepted: number): Promise<string[]> {
  const { rows } = await client.query<Record<'orders' | 'payments' | 'taken' | 'sold' | 'misjudged', string>>(
    `SELECT (SELECT count(*) FROM orders) AS orders,
       (SELECT count(*) FROM payments.payments) AS payments,
       (SELECT sum($1 - quantity_available::bigint) FROM products WHERE product_type = 'Bench') AS taken,
       (SELECT coalesce(sum(quantity), 0) FROM order_products JOIN orders USING (order_id)
         WHERE order_status <> 'cancelled') AS sold,
       (SELECT count(*) FROM orders JOIN payments.payments payment USING (order_id)
         WHERE (order_status, payment.status) NOT IN (('shipped', 'success'), ('cancelled', 'failed'))
           OR (payment.status = 'success') <> (payment.amount <= 1000)) AS misjudged`,
    [STOCK_OF_EACH],
  );
  const { orders, payments, taken, sold, misjudged } = rows[0]!;
  return [
    ...(Number(orders) === accepted ? [] : [`${accepted} orders were accepted, and ${orders} are there`]),
    ...(payments === orders ? [] : [`${orders} orders have ${payments} payments`]),
    ...(taken === sold ? [] : [`${taken} pieces were taken from stock, and ${sold} sold`]),
    ...(misjudged === '0' ? [] : [`${misjudged} orders did not end as their payments`]),
  ];
}
