import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct, stockOf } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import { acceptOrder } from './accept-order';
import { findOrder } from './find-orders';
import { requestCancel } from './request-cancel';
import { resumeOrder } from './resume-order';
import { cancelOrder } from './settle-order';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('resume');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

async function accepted(productId: string, quantity: number): Promise<string> {
  const { customerId } = customer;
  const outcome = await acceptOrder(database, { customerId, lines: [{ productId, quantity }] }, 60_000);
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

test('says what is left to do for an order that is placed, and takes no more stock', async () => {
  const product = await aProduct(database, { price: '4.50' });
  const orderId = await accepted(product.productId, 3);

  await expect(resumeOrder(database, orderId)).resolves.toEqual({ settled: null, totalAmount: '13.50' });
  expect(await stockOf(database, product)).toBe(7);
});

test('says how a settled order ended', async () => {
  const { productId } = await aProduct(database);
  const orderId = await accepted(productId, 1);
  await cancelOrder(database, orderId, { paymentStatus: 'cancelled', reason: 'by a test' });

  await expect(resumeOrder(database, orderId)).resolves.toEqual({
    settled: { orderStatus: 'cancelled', paymentStatus: 'cancelled', paymentId: null },
  });
});

test('gives up an order whose customer has cancelled', async () => {
  const { productId } = await aProduct(database);
  const orderId = await accepted(productId, 1);
  await requestCancel(database, orderId);

  await expect(resumeOrder(database, orderId)).resolves.toMatchObject({ settled: null, hopeless: 'cancel requested' });
});

test('adopts an order of the original once, however often: takes its stock, and prices its lines', async () => {
  const product = await aProduct(database, { price: '4.50', quantityAvailable: 10 });
  const orderId = await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 2 }]);

  const resumed = await Promise.all([1, 2, 3, 4].map(() => resumeOrder(database, orderId)));

  expect(resumed).toEqual(resumed.map(() => ({ settled: null, totalAmount: '9.00' })));
  expect(await stockOf(database, product)).toBe(8);
  await database.product.update({ where: { productId: product.productId }, data: { price: '99.00' } });
  expect(await findOrder(database, orderId)).toMatchObject({ lines: [{ price: '4.50' }] });
});

test('gives up an order of the original that cannot be had any more, and takes nothing', async () => {
  const [plenty, scarce] = [await aProduct(database), await aProduct(database, { quantityAvailable: 1 })];
  const orderId = await anOriginalOrder(database, customer, [
    { productId: plenty.productId, quantity: 2 },
    { productId: scarce.productId, quantity: 2 },
  ]);

  await expect(resumeOrder(database, orderId)).resolves.toMatchObject({
    settled: null,
    hopeless: `not enough stock of product ${scarce.productId}`,
  });
  expect([await stockOf(database, plenty), await stockOf(database, scarce)]).toEqual([10, 1]);
});
