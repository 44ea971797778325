import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import { findOrder, findOrders } from './find-orders';

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

/** Inserts orders with two lines each, the later ones with later dates. @returns their number, the deleted ones excluded */
async function insertOrders(count: number): Promise<number> {
  const { customerId } = await aCustomer(database);
  const [mug, plate] = [await aProduct(database), await aProduct(database, { name: 'Plate', description: 'Flat' })];
  const insert = database.$executeRaw`
    WITH placed AS (
      INSERT INTO orders (order_id, customer_id, order_status, payment_status, order_date)
      SELECT gen_random_uuid(), ${customerId}::uuid, 'shipped', 'success', now() + number * interval '1 ms'
      FROM generate_series(1, ${count}::int) number
      RETURNING order_id
    )
    INSERT INTO order_products (order_id, product_id, quantity, unit_price)
    SELECT order_id, product_id, quantity, price
    FROM placed, (VALUES (${mug.productId}::uuid, 1, 4.5), (${plate.productId}::uuid, 2, NULL)) line (product_id, quantity, price)`;
  // Without triggers, PostgreSQL does not look up each foreign key.
  await database.$transaction([database.$executeRaw`SET LOCAL session_replication_role = replica`, insert]);
  return database.order.count({ where: { deletedAt: null } });
}

test('shows an order of the original: prices of today, no date, no customer, no lines', async () => {
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
  const orders = await findOrders(database);
  expect(orders.at(-1)).toEqual({
    orderId: emptyId,
    customerId: null,
    orderStatus: 'placed',
    paymentStatus: 'pending',
    orderDate: null,
    lines: [],
  });
});

test('lists 70,000 orders completely, oldest first', async () => {
  let count = 0;
  while (count < 70_000) count = await insertOrders(10_000);

  const orders = await findOrders(database);

  expect(orders).toHaveLength(count);
  expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(count);
  const dates = orders.map(({ orderDate }) => orderDate?.getTime() ?? Infinity);
  expect(dates).toEqual(dates.toSorted((a, b) => a - b));
  const shipped = orders.filter(({ orderStatus }) => orderStatus === 'shipped');
  expect(shipped.filter(({ lines }) => lines.length !== 2)).toEqual([]);
});
