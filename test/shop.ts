import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import { addCustomer, type Customer } from '@shop/order-management/catalog/customers';
import { addProduct, type NewProduct, type Product } from '@shop/order-management/catalog/products';
import { eventually } from './eventually';

export const aCustomer = (database: OrdersClient): Promise<Customer> =>
  addCustomer(database, { firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' });

export const aProduct = (database: OrdersClient, more: Partial<NewProduct> = {}): Promise<Product> =>
  addProduct(database, {
    name: 'Mug',
    price: '5.00',
    description: 'Holds half a litre',
    quantityAvailable: 10,
    productType: 'Kitchen',
    ...more,
  });

/** Reads the available quantity of a product. */
export async function stockOf(database: OrdersClient, { productId }: Pick<Product, 'productId'>): Promise<number> {
  return (await database.product.findUniqueOrThrow({ where: { productId } })).quantityAvailable;
}

/** Creates an order as the original leaves it: `placed`, without stock taken, its lines without prices. */
export async function anOriginalOrder(
  database: OrdersClient,
  { customerId }: Customer,
  lines: { productId: string; quantity: number }[],
): Promise<string> {
  const orderId = randomUUID();
  await database.order.create({
    data: { orderId, customerId, orderStatus: 'placed', paymentStatus: 'pending', lines: { create: lines } },
  });
  return orderId;
}

const LONG_TIMEOUTS = { maxWait: 10_000, timeout: 60_000 };

/**
 * Makes concurrent calls that all lock the same product row. Each call waits for the lock before the next one starts,
 * and none completes before all have started, so that the race happens in every run.
 */
export async function whileHeld<T>(
  database: OrdersClient,
  { productId }: Pick<Product, 'productId'>,
  calls: (() => Promise<T>)[],
): Promise<T[]> {
  const running: Promise<T>[] = [];
  await database.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT FROM products WHERE product_id = ${productId}::uuid FOR UPDATE`;
    for (const call of calls) {
      running.push(call());
      await eventually(async () => expect(await callsWaiting(database)).toBe(running.length));
    }
  }, LONG_TIMEOUTS);
  return Promise.all(running);
}

async function callsWaiting(database: OrdersClient): Promise<number> {
  const [row] = await database.$queryRaw<{ waiting: number }[]>`
    SELECT count(*)::int AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.waiting ?? 0;
}
