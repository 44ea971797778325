import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import { loadPredefined } from './predefined';
import { findProducts, deleteProduct } from './products';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('catalog');
  database = connectOrders(shop.ordersUrl, { poolSize: 5 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

test('inserts the predefined customer and product once, even if several instances start concurrently', async () => {
  await Promise.all([1, 2, 3].map(() => loadPredefined(database)));
  const productId = 'e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15';
  await expect(database.customer.findMany()).resolves.toEqual([
    {
      customerId: 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce',
      firstName: 'John',
      lastName: 'Doe',
      email: 'john.Doe@test.com',
    },
  ]);
  await expect(findProducts(database, { offset: 0, limit: 10 })).resolves.toEqual([
    {
      productId,
      name: 'Thermos Flask',
      price: '45.00',
      description: '2L keep cold or warm for 48hrs..',
      quantityAvailable: 25,
      productType: 'Home & Kitchen',
    },
  ]);

  await database.product.update({ where: { productId }, data: { quantityAvailable: 3 } });
  await loadPredefined(database);

  await expect(findProducts(database, { offset: 0, limit: 10 })).resolves.toMatchObject([{ quantityAvailable: 3 }]);
});

test('lists products in pages, ordered by id', async () => {
  for (let i = 0; i < 5; i++) await aProduct(database);
  const all = await findProducts(database, { offset: 0, limit: 100 });

  expect(all.map(({ productId }) => productId)).toEqual(all.map(({ productId }) => productId).toSorted());
  await expect(findProducts(database, { offset: 1, limit: 3 })).resolves.toEqual(all.slice(1, 4));
});

test('deletes a product unless an order contains it', async () => {
  const [free, ordered] = [await aProduct(database), await aProduct(database)];
  await anOriginalOrder(database, await aCustomer(database), [{ productId: ordered.productId, quantity: 1 }]);

  await expect(deleteProduct(database, free.productId)).resolves.toBe('deleted');
  await expect(deleteProduct(database, free.productId)).resolves.toBe('not found');
  await expect(deleteProduct(database, randomUUID())).resolves.toBe('not found');
  await expect(deleteProduct(database, ordered.productId)).resolves.toBe('in use');
});
