import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';

const CUSTOMER_ID = PREDEFINED_CUSTOMER.customerId;
const PRODUCTS = 100;
const PRICE = 90;
/** The initial stock of each product: more than any run orders. */
export const INITIAL_STOCK = 1_000_000_000;
const productId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Returns the body of the n-th order: one of 100 products. Every tenth order exceeds the payment limit and is cancelled. */
export const orderBody = (n: number): string =>
  JSON.stringify({
    customerId: CUSTOMER_ID,
    products: [{ productId: productId((n * 37) % PRODUCTS), orderedQuantity: n % 10 === 9 ? 12 : 1 }],
  });

/** Inserts the customer and the products. They are the same for all candidates. */
export async function insertFixture(databaseUrl: string): Promise<void> {
  await withDatabase(databaseUrl, async (sql) => {
    await sql.query(
      `INSERT INTO customers (customer_id, first_name, last_name, email)
       VALUES ($1, 'John', 'Doe', 'john.doe@test.com') ON CONFLICT DO NOTHING`,
      [CUSTOMER_ID],
    );
    await sql.query(
      `INSERT INTO products (product_id, name, price, description, quantity_available, product_type)
       SELECT id, 'Product', $2, '', $3, 'Bench' FROM unnest($1::uuid[]) AS id`,
      [Array.from({ length: PRODUCTS }, (_, n) => productId(n)), PRICE, INITIAL_STOCK],
    );
    // Only these tables: for a table that is analysed while empty, PostgreSQL plans sequential scans, and prepared
    // statements keep those plans when the table has grown.
    await sql.query('ANALYZE customers, products');
  });
}
