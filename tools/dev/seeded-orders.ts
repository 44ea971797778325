import { migrate } from '@shop/prisma/migrate';
import type { Client } from 'pg';
import { withDatabase } from './with-database';

export interface SeedOptions {
  /** The number of orders that the database has from this seed afterwards. */
  orders: number;
  /** Selects the random numbers. The same seed creates the same rows, except that the dates count back from today. */
  seed: number;
}

export interface SeededCounts {
  customers: number;
  products: number;
  orders: number;
  lines: number;
}

/**
 * Fills the tables of order-management with settled orders of the last two years, inside PostgreSQL. Applies missing
 * migrations first. Rows that exist already stay unchanged: a repeated call adds nothing, a larger number adds the
 * difference, and another seed adds other orders.
 *
 * @returns the number of rows that were added to each table
 */
export async function seedOrders(databaseUrl: string, { orders, seed }: SeedOptions): Promise<SeededCounts> {
  await migrate(databaseUrl, 'orders');
  return withDatabase(databaseUrl, async (sql) => {
    await sql.query('BEGIN');
    await sql.query('SET LOCAL statement_timeout = 0');
    await sql.query('SET LOCAL jit = off');
    // Enough to sort the ids and to build an index without temporary files on most computers.
    await sql.query("SET LOCAL work_mem = '256MB'");
    await sql.query("SET LOCAL maintenance_work_mem = '512MB'");
    // A hash join keeps the order of the ids, and needs no sort of all lines.
    await sql.query('SET LOCAL enable_mergejoin = off');
    await skipForeignKeyChecks(sql);
    const rebuildIndexes = orders >= REBUILD_FROM_ORDERS ? await dropIndexes(sql) : [];
    await sql.query(FUNCTIONS);
    const insert = (statement: string, count: number) => insertRows(sql, statement, count, seed);
    const added = {
      customers: await insert(CUSTOMERS, customersFor(orders)),
      products: await insert(PRODUCTS, PRODUCT_COUNT),
      orders: await insert(ORDERS.replace('CUSTOMER_COUNT', String(customersFor(orders))), orders),
      lines: await insert(LINES, orders),
    };
    await sql.query('DROP FUNCTION pg_temp.draw, pg_temp.id');
    for (const definition of rebuildIndexes) await sql.query(definition);
    await sql.query('COMMIT');
    // Without statistics, PostgreSQL would plan for tables of their former size until autovacuum has analysed them. The
    // visibility map lets it read from an index alone.
    await sql.query('SET statement_timeout = 0');
    await sql.query('VACUUM (ANALYZE) customers, products, orders, order_products');
    return added;
  });
}

/** Saves half of the time. Only a superuser may do this; the rows refer to existing ones in any case. */
async function skipForeignKeyChecks(sql: Client): Promise<void> {
  const { rows } = await sql.query<{ allowed: boolean }>(
    `SELECT rolsuper AS allowed FROM pg_roles WHERE rolname = current_user`,
  );
  if (rows[0]?.allowed) await sql.query('SET LOCAL session_replication_role = replica');
}

/** From this number of orders, building the indexes after the rows is faster than adding each row to them. */
const REBUILD_FROM_ORDERS = 200_000;

/** Drops the indexes of the large tables, except those of constraints. @returns the statements that create them again */
async function dropIndexes(sql: Client): Promise<string[]> {
  const { rows } = await sql.query<{ name: string; definition: string }>(`
    SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid IN ('orders'::regclass, 'order_products'::regclass)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`);
  for (const { name } of rows) await sql.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition);
}

async function insertRows(sql: Client, statement: string, count: number, seed: number): Promise<number> {
  const { rowCount } = await sql.query(statement, [count, seed]);
  return rowCount ?? 0;
}

const PRODUCT_COUNT = 1_000;
const customersFor = (orders: number): number => Math.ceil(orders / 20);

// Names of products are `<material> <thing> <number>`: enough of them share a beginning for a search by STARTS_WITH.
const FUNCTIONS = `
  -- A number from 0 to \`below\` - 1 that depends only on the seed, the row and the purpose.
  CREATE FUNCTION pg_temp.draw(seed bigint, purpose text, number bigint, below int) RETURNS int
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN ((hashint8extended(number, hashtextextended(purpose, seed)) & 9223372036854775807) % below)::int;
  -- A version 4 UUID that depends only on the seed, the row and the table.
  CREATE FUNCTION pg_temp.id(seed bigint, kind text, number bigint) RETURNS uuid
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN overlay(overlay(md5(seed || kind || number) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid`;

const CUSTOMERS = `
  INSERT INTO customers (customer_id, first_name, last_name, email)
  SELECT pg_temp.id($2, 'customer', number), first_name, last_name,
    lower(first_name) || '.' || lower(last_name) || number || '@example.com'
  FROM generate_series(1, $1::int) number, LATERAL (SELECT
    ('{Ada,Ben,Carla,David,Elif,Femi,Grace,Hugo,Ines,Jonas,Kim,Lena,Mateo,Nora,Omar,Priya}'::text[])
      [1 + pg_temp.draw($2, 'first name', number, 16)] AS first_name,
    ('{Adams,Brown,Chen,Diaz,Evans,Fischer,Garcia,Haddad,Ito,Jensen,Khan,Lopez,Meyer,Novak,Okafor,Patel}'::text[])
      [1 + pg_temp.draw($2, 'last name', number, 16)] AS last_name) name
  ON CONFLICT DO NOTHING`;

const PRODUCTS = `
  INSERT INTO products (product_id, name, price, description, quantity_available, product_type)
  SELECT pg_temp.id($2, 'product', number),
    ('{Bamboo,Ceramic,Cotton,Glass,Leather,Oak,Steel,Wool}'::text[])[1 + pg_temp.draw($2, 'material', number, 8)] || ' '
      || ('{Bag,Blanket,Bowl,Chair,Cup,Lamp,Mat,Pan,Shelf,Tray}'::text[])[1 + pg_temp.draw($2, 'thing', number, 10)]
      || ' ' || number,
    (199 + pg_temp.draw($2, 'price', number, 11800)) / 100.0,
    'Article ' || number, 1000000,
    ('{Bathroom,Bedroom,Garden,Home & Kitchen,Living Room,Office,Outdoor,Travel}'::text[])
      [1 + pg_temp.draw($2, 'type', number, 8)]
  FROM generate_series(1, $1::int) number
  ON CONFLICT DO NOTHING`;

// Rows are added in the order of their ids, which are random: the primary keys grow at their ends.
// Of 1,000 orders, 890 were shipped, 60 declined, 40 cancelled by their customers, 5 refunded by hand and 5 without stock.
const ORDERS = `
  INSERT INTO orders (order_id, customer_id, order_status, payment_status, order_date, stock_taken_at,
    cancel_requested_at, settled_at, payment_id, cancellation_code, cancellation_reason, examine_after)
  SELECT pg_temp.id($2, 'order', number),
    pg_temp.id($2, 'customer', 1 + pg_temp.draw($2, 'customer', number, CUSTOMER_COUNT)),
    outcome.order_status, outcome.payment_status, placed_at AT TIME ZONE 'UTC', placed_at,
    CASE WHEN outcome.code = 'customer-cancelled' THEN placed_at + interval '1 s' END,
    placed_at + interval '2 s',
    CASE WHEN outcome.payment_status IN ('success', 'failed') THEN pg_temp.id($2, 'payment', number) END,
    outcome.code, outcome.reason, placed_at + interval '30 s'
  FROM generate_series(1, $1::int) number
  CROSS JOIN LATERAL (SELECT date_trunc('day', now()) - interval '730 days'
    + pg_temp.draw($2, 'date', number, 730 * 86400) * interval '1 s'
    + pg_temp.draw($2, 'microsecond', number, 1000000) * interval '1 us' AS placed_at,
    pg_temp.draw($2, 'outcome', number, 1000) AS drawn OFFSET 0) life
  JOIN (VALUES
    (0, 889, 'shipped', 'success', NULL, NULL),
    (890, 949, 'cancelled', 'failed', 'payment-declined', 'The card was declined.'),
    (950, 989, 'cancelled', 'cancelled', 'customer-cancelled', 'The customer cancelled the order.'),
    (990, 994, 'shipped', 'refunded', NULL, NULL),
    (995, 999, 'cancelled', 'cancelled', 'out-of-stock', 'No stock was taken for the order.')
  ) outcome (first, last, order_status, payment_status, code, reason)
    ON drawn BETWEEN outcome.first AND outcome.last
  ORDER BY 1
  ON CONFLICT DO NOTHING`;

// One to four lines with different products. Squaring makes some products much more popular than others.
const LINES = `
  INSERT INTO order_products (order_id, product_id, quantity, unit_price)
  SELECT order_id, product.id, 1 + pg_temp.draw($2, 'quantity', number * 4 + line, 2), price
  FROM (
    SELECT number, pg_temp.id($2, 'order', number) AS order_id, pg_temp.draw($2, 'lines', number, 4) AS last_line,
      pg_temp.draw($2, 'product', number, ${PRODUCT_COUNT}) AS drawn
    FROM generate_series(1, $1::int) number
    ORDER BY order_id
  ) ordered
  JOIN (VALUES (0), (1), (2), (3)) lines (line) ON line <= last_line
  JOIN (
    SELECT number AS position, pg_temp.id($2, 'product', number) AS id
    FROM generate_series(1, ${PRODUCT_COUNT}) number
  ) product ON position = 1 + (drawn * drawn / ${PRODUCT_COUNT} + line * 17) % ${PRODUCT_COUNT}
  JOIN products ON product_id = product.id
  ON CONFLICT DO NOTHING`;
