import { once } from 'node:events';
import files from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '../test/eventually';
import { createDatabase } from '../test/servers';
import { databaseFaultOf } from './errors';
import { migrate } from './migrate';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeEach(async () => {
  database = await createDatabase('migrate');
});
afterEach(() => database.drop());

async function query<R extends object>(sql: string): Promise<R[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

const recorded = async (): Promise<string[]> => {
  const rows = await query<{ name: string }>('SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1');
  return rows.map(({ name }) => name);
};

const columnsOf = async (table: string): Promise<string[]> => {
  const rows = await query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}'`,
  );
  return rows.map(({ name }) => name);
};

const ALL = [
  '0001_original_tables',
  '0002_saga',
  '0003_idempotency_keys',
  '0004_refunds_due',
  '0005_cancellation_reason',
  '0006_released_orders',
  '0007_order_events',
  '0008_products',
  '0009_search_indexes',
  '0011_refunds_by_hand',
  '0012_ended_payments',
  '0013_api_keys',
  '0014_event_actors',
  '0017_instances',
];

test('creates the database if it does not exist', async () => {
  await database.drop();

  await expect(migrate(database.url, 'orders')).resolves.toEqual(ALL);
  expect(await recorded()).toEqual(ALL);
});

test('creates the schema if it does not exist, and creates tables only there', async () => {
  await migrate(`${database.url}?schema=payments`, 'payments');

  const tables = await query(`SELECT schemaname AS schema, tablename AS table FROM pg_tables
    WHERE schemaname IN ('public', 'payments') ORDER BY 2`);
  expect(tables).toEqual([
    { schema: 'payments', table: '_prisma_migrations' },
    { schema: 'payments', table: 'api_keys' },
    { schema: 'payments', table: 'instances' },
    { schema: 'payments', table: 'payments' },
  ]);
});

test('applies each migration once if five instances start concurrently without a database', async () => {
  await database.drop();

  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(database.url, 'orders')));

  expect(applied.flat()).toEqual(ALL);
  expect(await recorded()).toEqual(ALL);
});

test('applies nothing if the database is up to date', async () => {
  await migrate(database.url, 'orders');

  await expect(migrate(database.url, 'orders')).resolves.toEqual([]);
});

test('rejects a migration that has changed since it was applied, and names it', async () => {
  await migrate(database.url, 'orders');
  await query(`UPDATE _prisma_migrations SET checksum = 'of an older text' WHERE migration_name = '0002_saga'`);

  await expect(migrate(database.url, 'orders')).rejects.toThrow(
    'Migration orders/0002_saga has changed since it was applied',
  );
});

test('rolls back a migration that fails in the middle', async () => {
  await createOriginalTables();
  // Makes the second statement of the migration fail.
  await query('ALTER TABLE order_products ADD COLUMN unit_price text');

  await expect(migrate(database.url, 'orders')).rejects.toThrow(/Migration 0002_saga failed: .*"unit_price".* exists/);
  expect(await recorded()).toEqual(['0001_original_tables']);
  expect(await columnsOf('orders')).not.toContain('stock_taken_at');
});

test('rolls back a migration that cannot be recorded, and applies it later', async () => {
  await createOriginalTables();
  await query(`CREATE TABLE _prisma_migrations (
    id TEXT, checksum TEXT, migration_name TEXT CONSTRAINT refusing CHECK (migration_name <> '0002_saga'),
    finished_at TIMESTAMPTZ, rolled_back_at TIMESTAMPTZ, applied_steps_count INT)`);

  await expect(migrate(database.url, 'orders')).rejects.toThrow('Migration 0002_saga failed');
  expect(await columnsOf('orders')).not.toContain('stock_taken_at');

  await query('ALTER TABLE _prisma_migrations DROP CONSTRAINT refusing');
  await expect(migrate(database.url, 'orders')).resolves.toEqual(ALL.slice(1));
});

test('keeps all rows of a database that the original has filled', async () => {
  await createOriginalTables();
  const before = await originalRows();

  await expect(migrate(database.url, 'orders')).resolves.toEqual(ALL);

  expect(before.orders).toHaveLength(2);
  expect(await originalRows()).toEqual(before);
});

test('leaves the new columns of the original’s orders empty', async () => {
  await createOriginalTables();

  await migrate(database.url, 'orders');

  const rows =
    await query(`SELECT order_status, stock_taken_at, cancel_requested_at, settled_at, payment_id, deleted_at,
    cancellation_code, cancellation_reason, examine_after <= now() AS due, unit_price FROM orders JOIN order_products USING (order_id) ORDER BY 1`);
  const empty = {
    stock_taken_at: null,
    cancel_requested_at: null,
    settled_at: null,
    payment_id: null,
    deleted_at: null,
    cancellation_code: null,
    cancellation_reason: null,
    unit_price: '45.00', // the product's price, which the original did not store
  };
  expect(rows).toEqual([
    { ...empty, order_status: 'placed', due: false }, // delayed: its answer may wait in the queue
    { ...empty, order_status: 'shipped', due: true },
  ]);
});

/** Creates the original's tables, with one order that was shipped beyond the stock, and one that is still placed. */
async function createOriginalTables(): Promise<void> {
  await query(`
    CREATE TABLE customers (
      customer_id UUID PRIMARY KEY,
      first_name TEXT NOT NULL,
      last_name TEXT NOT NULL,
      email TEXT NOT NULL
    );
    CREATE TABLE products (
      product_id UUID PRIMARY KEY,
      name TEXT NOT NULL,
      price DECIMAL(10, 2) NOT NULL,
      description TEXT,
      quantity_available INT NOT NULL,
      product_type TEXT NOT NULL
    );
    CREATE TABLE orders (
      order_id UUID PRIMARY KEY,
      customer_id UUID REFERENCES customers (customer_id),
      payment_status TEXT NOT NULL,
      order_status TEXT NOT NULL,
      order_date TIMESTAMP DEFAULT CURRENT_TIMESTAMP
    );
    CREATE TABLE order_products (
      order_id UUID REFERENCES orders (order_id) ON DELETE CASCADE,
      product_id UUID REFERENCES products (product_id),
      quantity INT NOT NULL,
      PRIMARY KEY (order_id, product_id)
    );
    INSERT INTO customers VALUES ('00000000-0000-0000-0000-00000000000c', 'John', 'Doe', 'john.Doe@test.com');
    INSERT INTO products VALUES ('00000000-0000-0000-0000-00000000000b', 'Thermos Flask', 45, NULL, -3, 'Kitchen');
    INSERT INTO orders (order_id, customer_id, payment_status, order_status) VALUES
      ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000c', 'success', 'shipped'),
      ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000c', 'pending', 'placed');
    INSERT INTO order_products
      SELECT order_id, '00000000-0000-0000-0000-00000000000b', 4 FROM orders`);
}

/** Reads all rows, in the columns of the original only. */
const originalRows = async () => ({
  customers: await query('SELECT * FROM customers'),
  products: await query('SELECT * FROM products'),
  orders: await query(
    'SELECT order_id, customer_id, payment_status, order_status, order_date FROM orders ORDER BY order_id',
  ),
  lines: await query('SELECT order_id, product_id, quantity FROM order_products ORDER BY order_id'),
});

test.each([
  ['waits for the lock', `SELECT pg_advisory_lock(72707369)`],
  ['applies a migration', `BEGIN; LOCK TABLE orders`],
])('reports the database as unavailable if the server closes the connection while it %s', async (_, hold) => {
  await createOriginalTables();
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  await holder.query(hold);
  const migrating = migrate(database.url, 'orders').catch((failure: unknown) => failure);
  await eventually(async () => {
    const ended = await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    expect(ended).toHaveLength(1);
  });

  const error = await migrating;
  await holder.end();

  expect(databaseFaultOf(error)).toBe('unavailable');
  await migrate(database.url, 'orders');
  expect(await recorded()).toEqual(ALL);
});

test('logs which connection holds the migration lock, and continues when it is released', async () => {
  const holder = new Client({ connectionString: database.url, application_name: 'left behind' });
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock(72707369)');
  const [{ pid }] = (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];
  const logged: [object, string][] = [];

  const migrating = migrate(database.url, 'orders', { warn: (...line) => void logged.push(line) });
  await eventually(async () => {
    expect(logged).toEqual([
      [
        { holders: [expect.objectContaining({ pid, applicationName: 'left behind' })] },
        'waiting for another migration to end',
      ],
    ]);
  });
  await holder.end();

  await expect(migrating).resolves.toEqual(ALL);
});

test.each(['statement_timeout', 'lock_timeout'])(
  'waits for the lock for longer than the %s of the database',
  async (limit) => {
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock(72707369)');
    await query(`ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" SET ${limit} = '1s'`);
    let waiting = false;

    const migrating = migrate(database.url, 'orders', { warn: () => (waiting = true) });
    await eventually(async () => expect(waiting).toBe(true));
    await holder.query('SELECT pg_sleep(1.5)');
    await holder.end();

    await expect(migrating).resolves.toEqual(ALL);
  },
);

test('reports the database as unavailable if the server closes the connection between two queries', async () => {
  const readdir = files.readdir as (folder: string, options: object) => Promise<never>;
  const reading = jest.spyOn(files, 'readdir').mockImplementationOnce(async (folder, options) => {
    await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    await delay(200); // until the client notices
    return readdir(String(folder), Object(options));
  });

  const error = await migrate(database.url, 'orders').catch((failure: unknown) => failure);

  expect(reading).toHaveBeenCalledTimes(1);
  expect(databaseFaultOf(error)).toBe('unavailable');
});

test('reports the database as unavailable if the server accepts a connection and never answers', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;

  const error: unknown = await migrate(`postgresql://postgres@127.0.0.1:${port}/silent`, 'orders').catch(
    (failure: unknown) => failure,
  );

  silent.close();
  expect(error).toEqual(new Error('timeout expired'));
  expect(databaseFaultOf(error)).toBe('unavailable');
});
