import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import { findOrder } from './find-orders';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('find-orders');
  database = connectOrders(shop.ordersUrl, { poolSize: 1 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

test('shows an order of the original: no date, no customer, no lines', async () => {
  const customer = await aCustomer(database);
  const product = await aProduct(database, {
    name: 'Dish "A" \\ ü',
    price: '7.10',
    description: '',
    quantityAvailable: -3,
  });
  const orderId = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 4 }]);
  const emptyId = await anOriginalOrder(database, customer, []);
  await database.order.update({ where: { orderId: emptyId }, data: { orderDate: null, customerId: null } });

  expect(await findOrder(database, orderId)).toMatchObject({
    orderId,
    customerId: customer.customerId,
    orderDate: expect.any(Date),
    lines: [{ ...product, price: '7.10', quantity: 4 }],
  });
  expect(await findOrder(database, emptyId)).toEqual({
    orderId: emptyId,
    customerId: null,
    orderStatus: 'placed',
    paymentStatus: 'pending',
    orderDate: null,
    lines: [],
  });
});
