import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import * as fc from 'fast-check';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct, stockOf, whileHeld } from '../../test/shop';
import { acceptOrder } from '../orders/accept-order';
import { cancelOrder } from '../orders/settle-order';
import type { Customer } from './customers';
import { changeProduct, type Product } from './products';
import { deleteExpiredRestocks, restockProduct } from './restock-product';
import { MAX_STOCK } from './stock';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('restock');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

const restock = ({ productId }: Pick<Product, 'productId'>, quantity: number, key: string | null = null) =>
  restockProduct(database, { productId, quantity, key });

test.each([
  [10, 5, 15],
  [10, -10, 0],
  [0, MAX_STOCK, MAX_STOCK],
  [MAX_STOCK, -MAX_STOCK, 0],
  [-3, 2, -1], // the original may have left a negative stock
])('changes a stock of %d by %d to %d', async (quantityAvailable, quantity, expected) => {
  const product = await aProduct(database, { quantityAvailable });

  await expect(restock(product, quantity)).resolves.toEqual({
    outcome: 'done',
    product: { ...product, quantityAvailable: expected, retired: false },
  });
  expect(await stockOf(database, product)).toBe(expected);
});

test.each([
  [10, -11],
  [0, -MAX_STOCK],
  [1, MAX_STOCK],
  [-3, -1],
  [-MAX_STOCK, -MAX_STOCK],
])('does not change a stock of %d by %d', async (quantityAvailable, quantity) => {
  const product = await aProduct(database, { quantityAvailable });

  await expect(restock(product, quantity, randomUUID())).resolves.toMatchObject({ outcome: 'out of range' });
  expect(await stockOf(database, product)).toBe(quantityAvailable);
});

test('finds no product that does not exist', async () => {
  await expect(restock({ productId: randomUUID() }, 1)).resolves.toEqual({ outcome: 'not found' });
  await expect(restock({ productId: randomUUID() }, 1, randomUUID())).resolves.toEqual({ outcome: 'not found' });
});

test('changes the stock once for repeated requests with the same key', async () => {
  const product = await aProduct(database);
  const key = randomUUID();

  for (let i = 0; i < 3; i++) await expect(restock(product, 5, key)).resolves.toMatchObject({ outcome: 'done' });

  expect(await stockOf(database, product)).toBe(15);
});

test('changes the stock once for concurrent requests with the same key', async () => {
  const product = await aProduct(database);
  const key = randomUUID();

  const outcomes = await whileHeld(
    database,
    product,
    [1, 2, 3].map(() => () => restock(product, -10, key)), // the second one would find too few units
  );

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
  expect(await stockOf(database, product)).toBe(0);
});

test('refuses another request with a key that was used', async () => {
  const [product, other] = [await aProduct(database), await aProduct(database)];
  const key = randomUUID();
  await restock(product, 5, key);

  await expect(restock(product, 6, key)).resolves.toEqual({ outcome: 'other request with this key' });
  await expect(restock(other, 5, key)).resolves.toEqual({ outcome: 'other request with this key' });
  expect([await stockOf(database, product), await stockOf(database, other)]).toEqual([15, 10]);
});

test('forgets a key after 24 hours', async () => {
  const product = await aProduct(database);
  const keys = [randomUUID(), randomUUID(), randomUUID()];
  for (const key of keys) await restock(product, 1, key);
  await database.$executeRaw`
    UPDATE restocks SET created_at = now() - interval '25 hours' WHERE key <> ${keys[2]}::text`;

  await restock(product, 1, keys[0]);
  await deleteExpiredRestocks(database);

  const kept = await database.restock.findMany({ where: { productId: product.productId } });
  expect(new Set(kept.map(({ key }) => key))).toEqual(new Set([keys[0], keys[2]]));
  expect(await stockOf(database, product)).toBe(14);
});

type Step = { kind: 'order' | 'order, cancel' | 'restock' | 'edit'; quantity: number };

test('ends with the exact stock after concurrent orders, cancels, restocks and edits', async () => {
  const kind = fc.constantFrom('order' as const, 'order, cancel' as const, 'restock' as const, 'edit' as const);
  const steps = fc.array(fc.record({ kind, quantity: fc.integer({ min: -5, max: 10 }) }), {
    minLength: 10,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (generated) => {
      const product = await aProduct(database, { quantityAvailable: 20 });

      const changes = await Promise.all(generated.map((step) => run(step, product)));

      const expected = changes.reduce((sum, change) => sum + change, 20);
      expect(await stockOf(database, product)).toBe(expected);
      expect(expected).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 20 },
  );
});

/** Runs a step. @returns by how much it changed the stock */
async function run({ kind, quantity }: Step, product: Product): Promise<number> {
  if (kind === 'edit') {
    await changeProduct(database, product.productId, { name: `Mug ${quantity}` }, () => undefined);
    return 0;
  }
  if (kind === 'restock') {
    const { outcome } = await restock(product, quantity === 0 ? 1 : quantity, randomUUID());
    return outcome === 'done' ? quantity || 1 : 0;
  }
  const ordered = Math.abs(quantity) + 1;
  const lines = [{ productId: product.productId, quantity: ordered }];
  const outcome = await acceptOrder(database, { customerId: customer.customerId, lines }, 60_000);
  if (!outcome.accepted) return 0;
  if (kind === 'order') return -ordered;
  await cancelOrder(database, outcome.order.orderId, { code: 'customer-cancelled', reason: 'by the test' });
  return 0;
}
