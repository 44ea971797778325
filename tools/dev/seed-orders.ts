import { resolve } from 'node:path';
import { connectionOf } from '@shop/prisma/connection';
import { integer, postgresUrl, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { CHECKOUT } from './data-folder';
import { ProcessFiles } from './process-files';
import { seedOrders } from './seeded-orders';

/** Implements `make seed-orders`: fills the database of order-management with orders. */
const DEFAULT_URL = 'postgresql://postgres:postgres@localhost:5432/Ecommerce';
const schema = z.object({
  ORDERS: integer(10_000, 1, 10_000_000),
  SEED: integer(1, 0, 2 ** 31 - 1),
  DATABASE_URL: postgresUrl(
    new ProcessFiles(resolve(process.env['DATA_FOLDER'] || `${CHECKOUT}/.data`)).readAddresses()?.databaseUrl ??
      DEFAULT_URL,
    connectionOf,
  ),
});

async function run(): Promise<void> {
  const { ORDERS, SEED, DATABASE_URL } = readOrExit(() => readEnvironment(schema));
  const startedAt = performance.now();
  const added = await seedOrders(DATABASE_URL, { orders: ORDERS, seed: SEED });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const { host, pathname } = new URL(DATABASE_URL);
  process.stdout.write(
    `Added ${added.orders} orders with ${added.lines} lines, ${added.products} products and ${added.customers} customers ` +
      `to ${host}${pathname} in ${seconds} s.\n`,
  );
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
