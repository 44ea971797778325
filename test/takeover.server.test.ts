import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { Client as PgClient } from 'pg';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// Starts on the original's database with orders in every state that the original knows (original.sql).
const PAID_IN_QUEUE = '00000000-0000-4000-8000-0000000000a1';
const NEVER_ANSWERED = '00000000-0000-4000-8000-0000000000a2';
const OUT_OF_STOCK = '00000000-0000-4000-8000-0000000000a3';
const PAID_OUT_OF_STOCK = '00000000-0000-4000-8000-0000000000a4';
const MUG = '00000000-0000-4000-8000-0000000000b1';
const THERMOS = PREDEFINED_PRODUCT.productId; // predefined, and part of original.sql
const OVERSOLD = '00000000-0000-4000-8000-0000000000b2';

interface Rows {
  customers: object[];
  products: object[];
  orders: { order_id: string }[];
  order_products: object[];
}

let database: Awaited<ReturnType<typeof createDatabase>>;
let sql: PgClient;
let queues: Queues;

beforeAll(async () => {
  database = await createDatabase('takeover');
  sql = new PgClient({ connectionString: database.url });
  await sql.connect();
  await sql.query(readFileSync(join(__dirname, 'original.sql'), 'utf8'));
  queues = await Queues.open(virtualHostUrl('takeover'));
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await queues.close();
  await sql.end();
  await database.drop();
});

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
  const { address, namespace } = await createNamespace('takeover');
  const shared = { AMQP_URL: virtualHostUrl('takeover'), TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  const orders = { ...shared, DATABASE_URL: database.url, SWEEP_INTERVAL: '300ms', SWEEP_AFTER: '1s' };

  // Answers of the original payment service, queued while no consumer ran.
  const answer = { orderId: PAID_IN_QUEUE, paymentId: randomUUID(), success: true, reason: '' };
  const paidInVain = { ...answer, orderId: PAID_OUT_OF_STOCK, paymentId: randomUUID() };
  for (const one of [answer, paidInVain]) await queues.send(PAYMENT_STAT, one);
  await Promise.all([1, 2].map(() => ServiceProcess.start('order-management', orders)));

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

  await sql.query("UPDATE orders SET examine_after = now() WHERE order_status = 'placed'"); // no need to wait for it
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
