import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { migrate } from '@shop/prisma/migrate';
import { connect, type ConsumeMessage } from 'amqplib';
import { Client as PgClient, escapeIdentifier } from 'pg';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// Starts on the original's database with orders in every state that the original knows (original.sql).
const PAID_IN_QUEUE = '00000000-0000-4000-8000-0000000000a1';
const NEVER_ANSWERED = '00000000-0000-4000-8000-0000000000a2';
const OUT_OF_STOCK = '00000000-0000-4000-8000-0000000000a3';
const PAID_OUT_OF_STOCK = '00000000-0000-4000-8000-0000000000a4';
const LEFT_PLACED = [PAID_IN_QUEUE, NEVER_ANSWERED, OUT_OF_STOCK, PAID_OUT_OF_STOCK];
const SHIPPED = '00000000-0000-4000-8000-000000000101';
const MUG = '00000000-0000-4000-8000-0000000000b1';
const THERMOS = PREDEFINED_PRODUCT.productId; // predefined, and part of original.sql
const OVERSOLD = '00000000-0000-4000-8000-0000000000b2';

/** The SQL that docs/migration.md prints. Each test takes the statements that it runs. */
const documented = [
  ...readFileSync(join(__dirname, '..', 'docs', 'migration.md'), 'utf8').matchAll(/^ *```sql\n(.*?)^ *```$/gms),
].map(([, statement = '']) => statement);
const executed = new Set<string>();

interface Rows {
  customers: object[];
  products: object[];
  orders: { order_id: string; customer_id: string }[];
  order_products: object[];
}

let database: Awaited<ReturnType<typeof createDatabase>>;
let sql: PgClient;
let queues: Queues;
/** The environment of both services. */
let shared: NodeJS.ProcessEnv;

beforeAll(async () => {
  queues = await Queues.open(virtualHostUrl('takeover'));
});
beforeEach(async () => {
  database = await createDatabase('takeover');
  sql = new PgClient({ connectionString: database.url });
  await sql.connect();
  await sql.query(readFileSync(join(__dirname, 'original.sql'), 'utf8'));
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  const { address, namespace } = await createNamespace('takeover');
  shared = { AMQP_URL: virtualHostUrl('takeover'), TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
});
afterEach(async () => {
  await ServiceProcess.endAll();
  await sql.end();
  await database.drop();
});
afterAll(() => queues.close());

/** Starts order-management, which sweeps often. */
const startOrders = (environment: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> =>
  ServiceProcess.start('order-management', {
    ...shared,
    DATABASE_URL: database.url,
    SWEEP_INTERVAL: '300ms',
    SWEEP_AFTER: '1s',
    ...environment,
  });

const logged = (service: ServiceProcess, reason: RegExp): Promise<void> =>
  eventually(() => {
    const lines = service.output.split('\n').filter((line) => line.includes('orders of the original wait'));
    expect(lines.join('\n')).toMatch(reason);
  });

/** Runs a statement of docs/migration.md that begins with a text, with its placeholders replaced. */
async function runDocumented(beginning: string, placeholders: Record<string, string> = {}): Promise<object[]> {
  const [statement = '', ...others] = documented.filter((text) => text.trim().startsWith(beginning));
  expect([statement.trim(), others]).toEqual([expect.stringContaining(beginning), []]);
  executed.add(statement);
  const filled = statement.replaceAll(/'?<(\w+)>'?/g, (_, name: string) => placeholders[name] ?? '');
  const results = await sql.query(filled);
  return Array.isArray(results) ? [] : (results.rows as object[]);
}

/** The sweeper examines the orders now: there is no need to wait for the minute after the migration. */
const makeDue = () => sql.query("UPDATE orders SET examine_after = now() WHERE order_status = 'placed'");

const all = async <T>(columns: string, table: string): Promise<T[]> =>
  (await sql.query(`SELECT ${columns} FROM ${table} ORDER BY 1, 2`)).rows as T[];

/** Reads all rows of the original's tables, with the original's columns. */
async function originalRows(): Promise<Rows> {
  return {
    customers: await all('customer_id, first_name, last_name, email', 'customers'),
    products: await all('product_id, name, price, description, quantity_available, product_type', 'products'),
    orders: await all('order_id, customer_id, payment_status, order_status, order_date', 'orders'),
    order_products: await all('order_id, product_id, quantity', 'order_products'),
  };
}

const orderRow = async (orderId: string): Promise<unknown> =>
  (
    await sql.query('SELECT order_status, payment_status, payment_id FROM orders WHERE order_id = $1', [orderId])
  ).rows.at(0);

const refundsDue = async (): Promise<object[]> =>
  (await sql.query('SELECT order_id, payment_id FROM refunds_due')).rows as object[];

const stock = async (productId: string): Promise<unknown> =>
  (await sql.query('SELECT quantity_available FROM products WHERE product_id = $1', [productId])).rows.at(0);

const withoutStock = ({ products }: Rows) => products.map((product) => ({ ...product, quantity_available: 'as sold' }));

test('takes over a database of the original without losing a row, and settles the orders left placed', async () => {
  const before = await originalRows();
  // Answers of the original payment service, queued while no consumer ran.
  const answer = { orderId: PAID_IN_QUEUE, paymentId: randomUUID(), success: true, reason: '' };
  const paidInVain = { ...answer, orderId: PAID_OUT_OF_STOCK, paymentId: randomUUID() };
  for (const one of [answer, paidInVain]) await queues.send(PAYMENT_STAT, one);
  await Promise.all([1, 2].map(() => startOrders({ ADOPT: 'ask' })));

  await eventually(async () => {
    expect(await orderRow(PAID_IN_QUEUE)).toEqual({
      order_status: 'shipped',
      payment_status: 'success',
      payment_id: answer.paymentId,
    });
  });
  await eventually(async () => {
    expect(await orderRow(PAID_OUT_OF_STOCK)).toMatchObject({ order_status: 'cancelled', payment_status: 'cancelled' });
    expect(await refundsDue()).toContainEqual({ order_id: PAID_OUT_OF_STOCK, payment_id: paidInVain.paymentId });
  });
  expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(0); // no second payment request
  expect(await stock(MUG)).toEqual({ quantity_available: 8 });

  await makeDue();
  await ServiceProcess.start('payment-processing', { ...shared, DATABASE_URL: `${database.url}?schema=payments` });
  await eventually(async () => {
    expect(await orderRow(NEVER_ANSWERED)).toMatchObject({ order_status: 'shipped', payment_status: 'success' });
    expect(await orderRow(OUT_OF_STOCK)).toMatchObject({ order_status: 'cancelled', payment_status: 'cancelled' });
  });
  expect(await stock(MUG)).toEqual({ quantity_available: 5 });
  expect(await stock(THERMOS)).toEqual({ quantity_available: 11 });
  expect(await stock(OVERSOLD)).toEqual({ quantity_available: -3 });

  const after = await originalRows();
  const adopted = new Set([PAID_IN_QUEUE, NEVER_ANSWERED, OUT_OF_STOCK, PAID_OUT_OF_STOCK]);
  const untouched = ({ orders: rows }: Rows) => rows.filter((row) => !adopted.has(row.order_id));
  expect(untouched(after)).toEqual(untouched(before));
  expect(after.orders).toHaveLength(before.orders.length);
  expect(after.order_products).toEqual(before.order_products);
  expect(after.customers).toEqual(before.customers);
  expect(withoutStock(after)).toEqual(withoutStock(before));
});

// The original order service requested the payment from payment-processing at an earlier price, and lost the answer.
test('ships an order that payment-processing has charged at another price, and charges nothing more', async () => {
  const payments = { ...shared, DATABASE_URL: `${database.url}?schema=payments` };
  await ServiceProcess.start('payment-processing', payments);
  const { customer_id: customerId } = (await originalRows()).orders.find(
    ({ order_id }) => order_id === NEVER_ANSWERED,
  )!;
  await queues.send(PROCESS_PAYMENT, { orderId: NEVER_ANSWERED, customerId, totalAmount: 9.99 });
  const { paymentId } = JSON.parse(String((await queues.take(PAYMENT_STAT.queue)).content)) as { paymentId: string };

  await startOrders({ ADOPT: 'ask' });
  await makeDue();

  await eventually(async () => {
    expect(await orderRow(NEVER_ANSWERED)).toMatchObject({ order_status: 'shipped', payment_id: paymentId });
  });
  const { rows } = await sql.query('SELECT amount::text, status FROM payments.payments WHERE order_id = $1', [
    NEVER_ANSWERED,
  ]);
  expect(rows).toEqual([{ amount: '9.99', status: 'success' }]);
});

test('holds the orders left placed, and does with each what an operator decides', async () => {
  const orders = await startOrders();
  await logged(orders, /"held":4.*ADOPT is hold/);
  await makeDue();
  const listed = await runDocumented('SELECT order_id, order_date');
  expect(listed).toMatchObject([
    { order_id: PAID_IN_QUEUE, email: 'jane@roe.com', amount: '9.00' },
    { order_id: NEVER_ANSWERED, amount: '13.50' },
    { order_id: OUT_OF_STOCK, amount: '30.00' },
    { order_id: PAID_OUT_OF_STOCK, amount: '30.00' },
  ]);

  const [paymentId, lost] = [randomUUID(), randomUUID()];
  for (const [orderId, payment] of [
    [PAID_IN_QUEUE, paymentId],
    [PAID_OUT_OF_STOCK, lost],
  ] as const) {
    await runDocumented('UPDATE orders SET payment_id', { paymentId: `'${payment}'`, orderId: `'${orderId}'` });
  }
  await orders.request('DELETE', `/order/${OUT_OF_STOCK}`); // which cancels it, like POST /order/{id}/cancel
  await eventually(async () => {
    expect(await orderRow(PAID_IN_QUEUE)).toMatchObject({ order_status: 'shipped', payment_id: paymentId });
    expect(await orderRow(PAID_OUT_OF_STOCK)).toMatchObject({ order_status: 'cancelled' });
    expect(await orderRow(OUT_OF_STOCK)).toMatchObject({ order_status: 'cancelled', payment_status: 'cancelled' });
    expect(await refundsDue()).toContainEqual({ order_id: PAID_OUT_OF_STOCK, payment_id: lost });
  });
  expect(await stock(MUG)).toEqual({ quantity_available: 8 });
  await logged(orders, /"held":1/);
  expect(await (await fetch(`${orders.url}/metrics`)).text()).toContain('orders_to_adopt{state="held"} 1');
  expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(0);

  await runDocumented('UPDATE orders SET released_at', { orderId: `'${NEVER_ANSWERED}'` });
  const request = await queues.take(PROCESS_PAYMENT.queue);
  expect(JSON.parse(String(request.content))).toMatchObject({ orderId: NEVER_ANSWERED, totalAmount: 13.5 });
  expect(await runDocumented('SELECT order_id, order_date')).toEqual([]);
  expect(await runDocumented('SELECT order_id, refunds_due.payment_id')).toContainEqual(
    expect.objectContaining({ order_id: PAID_OUT_OF_STOCK, payment_id: lost, order_status: 'cancelled' }),
  );

  // Going back: the rows of deleted orders would reappear in the original, except those with a refund that is open.
  await orders.request('DELETE', `/order/${SHIPPED}`);
  await runDocumented('DELETE FROM orders');
  expect(await orderRow(SHIPPED)).toBeUndefined();
  expect(await orderRow(OUT_OF_STOCK)).toBeDefined();
});

test('requests no payment whose request is queued, or held by a slow payment service, also after a restart', async () => {
  await queues.send(PROCESS_PAYMENT, ...LEFT_PLACED.map((orderId) => ({ orderId, totalAmount: 9 })));
  for (let starts = 0; starts < 2; starts++) {
    const orders = await startOrders({ ADOPT: 'ask' });
    await makeDue();
    await logged(orders, /messages wait in processPayment/);
    await orders.end('SIGTERM');
  }
  expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(4);

  const held: ConsumeMessage[] = [];
  const connection = await connect(virtualHostUrl('takeover'));
  const payments = await connection.createChannel();
  await payments.consume(PROCESS_PAYMENT.queue, (message) => void (message && held.push(message)));
  await eventually(() => expect(held).toHaveLength(4));
  for (let starts = 0; starts < 2; starts++) {
    if (starts > 0) await ServiceProcess.endAll();
    const orders = await startOrders({ ADOPT: 'ask' });
    await makeDue();
    await logged(orders, /another payment service may hold requests/);
  }

  for (const message of held) {
    const { orderId } = JSON.parse(String(message.content)) as { orderId: string };
    await queues.send(PAYMENT_STAT, { orderId, paymentId: randomUUID(), success: true, reason: '' });
    payments.ack(message);
  }
  await eventually(async () => {
    for (const orderId of LEFT_PLACED) expect(await orderRow(orderId)).not.toMatchObject({ order_status: 'placed' });
  });
  expect(held).toHaveLength(4);
  expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(0);
  await connection.close();
});

test('needs two rights beyond the ownership of the tables, which a superuser grants', async () => {
  const user = `owner_${randomUUID().slice(0, 8)}`;
  await sql.query(`CREATE ROLE ${user} LOGIN PASSWORD 'owner'`);
  const { rows } = await sql.query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
  );
  for (const { tablename } of rows) await sql.query(`ALTER TABLE ${tablename} OWNER TO ${user}`);
  const url = new URL(database.url);
  [url.username, url.password] = [user, 'owner'];
  const name = new URL(database.url).pathname.slice(1);
  try {
    const refused = await ServiceProcess.launch('order-management', { ...shared, DATABASE_URL: url.toString() });
    await eventually(() => expect(refused.output).toMatch(/permission denied for/));
    await refused.end('SIGKILL');

    const grants = documented.find((statement) => statement.trim().startsWith('GRANT'))!;
    executed.add(grants);
    await sql.query(grants.replaceAll('"Ecommerce"', escapeIdentifier(name)).replaceAll('"<user>"', user));
    await startOrders({ DATABASE_URL: url.toString() });
  } finally {
    await ServiceProcess.endAll();
    await sql.query(`DROP OWNED BY ${user} CASCADE`);
    await sql.query(`DROP ROLE ${user}`);
  }
});

async function readIndexes(): Promise<object[]> {
  const { rows } = await sql.query<object>(
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname",
  );
  return rows;
}

test('the indexes that can be created in advance are those that the migration would create', async () => {
  await migrate(database.url, 'orders');
  const migrated = await readIndexes();
  const statements = documented.find((text) => text.startsWith('CREATE INDEX CONCURRENTLY'))!;
  executed.add(statements);

  const names = Array.from(statements.matchAll(/CONCURRENTLY (\w+)/g), ([, name = '']) => name);
  for (const name of names) await sql.query(`DROP INDEX ${name}`);
  for (const statement of statements.split(';\n').slice(0, -1)) await sql.query(statement);

  expect(names).toHaveLength(6);
  expect(await readIndexes()).toEqual(migrated);
});

test('the tests above run every SQL statement that docs/migration.md prints', () => {
  expect(documented.filter((statement) => !executed.has(statement))).toEqual([]);
});
