import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct, stockOf } from '../../test/shop';
import { acceptOrder } from '../orders/accept-order';
import { findOrder } from '../orders/find-orders';
import { resumeOrder } from '../orders/resume-order';
import type { Customer } from './customers';
import { loadPredefined, PREDEFINED_PRODUCT } from './predefined';
import { deleteProduct, findProduct, findProducts } from './products';
import { restoreProduct, retireProduct } from './retire-product';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('retire');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

const order = (...productIds: string[]) =>
  acceptOrder(
    database,
    { customerId: customer.customerId, lines: productIds.map((productId) => ({ productId, quantity: 1 })) },
    60_000,
  );

const isListed = async (productId: string): Promise<boolean> =>
  (await findProducts(database, { offset: 0, limit: 1_000 })).some((product) => product.productId === productId);

test('hides a retired product from the list, refuses orders of it, and still finds it by its id', async () => {
  const [retired, sold] = [await aProduct(database), await aProduct(database)];

  await expect(retireProduct(database, retired.productId)).resolves.toEqual({ ...retired, retired: true });

  expect(await isListed(retired.productId)).toBe(false);
  expect(await isListed(sold.productId)).toBe(true);
  await expect(findProduct(database, retired.productId)).resolves.toEqual({ ...retired, retired: true });
  await expect(order(sold.productId, retired.productId)).resolves.toEqual({
    accepted: false,
    why: 'retired',
    productIds: [retired.productId],
  });
  expect([await stockOf(database, retired), await stockOf(database, sold)]).toEqual([10, 10]);
});

test('sells a restored product again', async () => {
  const product = await aProduct(database);
  await retireProduct(database, product.productId);

  await expect(restoreProduct(database, product.productId)).resolves.toEqual({ ...product, retired: false });

  expect(await isListed(product.productId)).toBe(true);
  expect(await order(product.productId)).toMatchObject({ accepted: true });
});

test('changes nothing if it is repeated', async () => {
  const { productId } = await aProduct(database);
  await retireProduct(database, productId);
  const first = await database.retiredProduct.findUnique({ where: { productId } });

  await expect(retireProduct(database, productId)).resolves.toMatchObject({ retired: true });
  expect(await database.retiredProduct.findUnique({ where: { productId } })).toEqual(first);

  for (let i = 0; i < 2; i++)
    await expect(restoreProduct(database, productId)).resolves.toMatchObject({ retired: false });
});

test('finds no product that does not exist', async () => {
  await expect(retireProduct(database, randomUUID())).resolves.toBeNull();
  await expect(restoreProduct(database, randomUUID())).resolves.toBeNull();
});

test('keeps the orders of a retired product, and adopts those that the original left placed', async () => {
  const product = await aProduct(database);
  const accepted = await order(product.productId);
  const original = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 2 }]);
  await retireProduct(database, product.productId);

  const found = await findOrder(database, accepted.accepted ? accepted.order.orderId : '');
  expect(found).toMatchObject({ lines: [{ productId: product.productId, name: 'Mug' }] });
  await expect(resumeOrder(database, original)).resolves.toMatchObject({ settled: null, cancel: null });
  expect(await stockOf(database, product)).toBe(7);
});

test('can be deleted if no order contains it', async () => {
  const { productId } = await aProduct(database);
  await retireProduct(database, productId);

  await expect(deleteProduct(database, productId)).resolves.toBe('deleted');
});

test('leaves the predefined product retired at the next start', async () => {
  await loadPredefined(database);
  await retireProduct(database, PREDEFINED_PRODUCT.productId);

  await loadPredefined(database);

  await expect(findProduct(database, PREDEFINED_PRODUCT.productId)).resolves.toMatchObject({ retired: true });
});

test('refuses every order that begins after the product was retired, while others are in flight', async () => {
  const product = await aProduct(database, { quantityAvailable: 1_000 });
  let isRetired = false;
  const placed: { beganAfter: boolean; accepted: boolean }[] = [];
  const placeOrders = async (): Promise<void> => {
    for (let i = 0; i < 25; i++) {
      const beganAfter = isRetired;
      const { accepted } = await order(product.productId);
      placed.push({ beganAfter, accepted });
    }
  };
  const retire = async (): Promise<void> => {
    while (placed.length < 20) await new Promise((resolve) => setImmediate(resolve));
    await retireProduct(database, product.productId);
    isRetired = true;
  };

  await Promise.all([placeOrders(), placeOrders(), placeOrders(), placeOrders(), retire()]);

  expect(placed.filter(({ beganAfter, accepted }) => beganAfter && accepted)).toEqual([]);
  expect(placed.filter(({ beganAfter }) => beganAfter).length).toBeGreaterThan(0);
  expect(await stockOf(database, product)).toBe(1_000 - placed.filter(({ accepted }) => accepted).length);
});

test('leaves the columns of the table of products as they are, because the original reads them all', async () => {
  const columns = await database.$queryRaw<{ column_name: string }[]>`
    SELECT column_name FROM information_schema.columns WHERE table_name = 'products' ORDER BY ordinal_position`;

  expect(columns.map(({ column_name }) => column_name)).toEqual([
    'product_id',
    'name',
    'price',
    'description',
    'quantity_available',
    'product_type',
  ]);
});
