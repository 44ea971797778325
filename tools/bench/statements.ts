import { randomUUID } from 'node:crypto';
import { withDatabase } from '@shop/dev/with-database';
import { seedOrders } from '@shop/dev/seeded-orders';
import { acceptOrder } from '@shop/order-management/orders/accept-order';
import { shipOrder } from '@shop/order-management/orders/settle-order';
import { connectionOf } from '@shop/prisma/connection';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { integer, postgresUrl, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { runAsCommand } from './environment/run-as-command';
import { quantile } from './measurement/statistics';

// Implements `make bench-statements`: compares the statements that accept and settle an order in two databases with the
// same rows, one of them without the indexes of migration 0009. Blocks of orders alternate between the databases.
const { ORDERS, DATABASE_URL } = readOrExit(() =>
  readEnvironment(
    z.object({
      ORDERS: integer(100_000, 1_000, 10_000_000),
      DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce', connectionOf),
    }),
  ),
);
const MAX_SLOWDOWN = 1.05;
const BLOCKS = 100;
const ORDERS_PER_BLOCK = 40;
const WARM_UP_BLOCKS = 10;

const REMOVE_INDEXES = `
  DROP TRIGGER set_unit_price ON order_products;
  DROP INDEX orders_order_date_order_id_idx, orders_customer_id_order_date_order_id_idx,
    orders_order_status_order_date_order_id_idx, orders_payment_status_order_date_order_id_idx,
    order_products_product_id_order_id_idx, order_products_unit_price_order_id_idx;
  CREATE INDEX order_products_product_id_idx ON order_products (product_id)`;

interface Variant {
  name: string;
  database: OrdersClient;
  acceptMs: number[];
  settleMs: number[];
}

async function run(): Promise<boolean> {
  const [withIndexes, without] = [urlOf('bench_with_indexes'), urlOf('bench_without_indexes')];
  const databases = ['bench_with_indexes', 'bench_without_indexes'];
  const dropAll = () => administer(...databases.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  try {
    await dropAll();
    await seedOrders(withIndexes, { orders: ORDERS, seed: 1 });
    await administer('CREATE DATABASE bench_without_indexes TEMPLATE bench_with_indexes');
    await withDatabase(without, async (sql) => {
      await sql.query(REMOVE_INDEXES);
      await sql.query('VACUUM (ANALYZE) orders, order_products');
    });
    const variants: Variant[] = [
      { name: 'with indexes', database: connectOrders(withIndexes, { poolSize: 1 }), acceptMs: [], settleMs: [] },
      { name: 'without indexes', database: connectOrders(without, { poolSize: 1 }), acceptMs: [], settleMs: [] },
    ];
    for (let block = 0; block < BLOCKS; block++) {
      for (const variant of block % 2 === 0 ? variants : variants.toReversed()) {
        if (block === WARM_UP_BLOCKS) [variant.acceptMs, variant.settleMs] = [[], []];
        await runBlock(variant);
      }
    }
    await Promise.all(variants.map(({ database }) => database.$disconnect()));
    return report(variants);
  } finally {
    await dropAll();
  }
}

async function runBlock({ database, acceptMs, settleMs }: Variant): Promise<void> {
  const [customer] = await database.$queryRaw<{ id: string }[]>`
    SELECT customer_id AS id FROM customers WHERE customer_id >= ${randomUUID()}::uuid ORDER BY customer_id LIMIT 1`;
  const products = await database.$queryRaw<
    { id: string }[]
  >`SELECT product_id AS id FROM products ORDER BY random() LIMIT 80`;
  for (let n = 0; n < ORDERS_PER_BLOCK; n++) {
    const lines = products.slice(2 * n, 2 * n + 2).map(({ id }) => ({ productId: id, quantity: 1 }));
    const began = performance.now();
    const accepted = await acceptOrder(database, { customerId: customer!.id, lines }, 60_000);
    acceptMs.push(performance.now() - began);
    if (!accepted.accepted) throw new Error(`An order was refused: ${accepted.why}.`);
    const settling = performance.now();
    await shipOrder(database, accepted.order.orderId, randomUUID());
    settleMs.push(performance.now() - settling);
  }
}

function report([indexed, plain]: Variant[]): boolean {
  let passed = true;
  for (const [statement, key, isLimited] of [
    ['accept', 'acceptMs', true],
    ['settle', 'settleMs', false],
  ] as const) {
    const [after, before] = [indexed!, plain!].map((variant) => quantile(variant[key], 0.5)) as [number, number];
    const ratio = after / before;
    if (isLimited && ratio > MAX_SLOWDOWN) passed = false;
    process.stdout.write(
      `${statement}: median ${before.toFixed(3)} ms without, ${after.toFixed(3)} ms with the indexes, ` +
        `${((ratio - 1) * 100).toFixed(1)} % (${indexed![key].length} repetitions each, ${ORDERS} orders)\n`,
    );
  }
  return passed;
}

function urlOf(name: string): string {
  const url = new URL(DATABASE_URL);
  url.pathname = `/${name}`;
  return url.toString();
}

const administer = (...statements: string[]): Promise<void> =>
  withDatabase(urlOf('postgres'), async (sql) => {
    for (const statement of statements) await sql.query(statement);
  });

void runAsCommand(run);
