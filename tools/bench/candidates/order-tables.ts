import { withDatabase } from '@shop/dev/with-database';

/**
 * Creates the tables of all candidates except this shop. They have the names of this shop's tables, so that the same
 * queries check every candidate.
 */
export async function createOrderTables(databaseUrl: string): Promise<void> {
  await withDatabase(databaseUrl, (sql) =>
    sql.query(`
      CREATE TABLE customers (
        customer_id uuid PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, email text NOT NULL);
      CREATE TABLE products (
        product_id uuid PRIMARY KEY, name text NOT NULL, price numeric(10, 2) NOT NULL, description text,
        quantity_available int NOT NULL, product_type text NOT NULL);
      CREATE TABLE orders (
        order_id uuid PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers,
        order_status text NOT NULL, payment_status text NOT NULL,
        order_date timestamptz NOT NULL DEFAULT now(), settled_at timestamptz);
      CREATE TABLE order_products (
        order_id uuid REFERENCES orders, product_id uuid REFERENCES products, quantity int NOT NULL,
        unit_price numeric(10, 2) NOT NULL, PRIMARY KEY (order_id, product_id));
      CREATE SCHEMA payments;
      CREATE TABLE payments.payments (
        payment_id uuid PRIMARY KEY, order_id uuid NOT NULL UNIQUE, customer_id uuid NOT NULL,
        amount numeric(20, 2) NOT NULL, status text NOT NULL, paid_at timestamptz NOT NULL DEFAULT now());`),
  );
}
