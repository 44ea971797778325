import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import { findOrder, findOrders } from './find-orders';
import { deleteOrder, requestCancel } from './request-cancel';
import { resumeOrder } from './resume-order';
import { shipOrder } from './settle-order';
import { claimUnsettledOrders, readOrderState } from './unsettled-orders';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;

beforeAll(async () => {
  shop = await createShopDatabase('cancel');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

async function placed(): Promise<string> {
  const { productId } = await aProduct(database, { price: '4.50' });
  return anOriginalOrder(database, customer, [{ productId, quantity: 2 }]);
}

async function shipped(): Promise<string> {
  const orderId = await placed();
  await resumeOrder(database, orderId); // takes its stock
  await shipOrder(database, orderId, randomUUID());
  return orderId;
}

const claim = (limit: number): Promise<string[]> =>
  claimUnsettledOrders(database, { limit, examineAgainMs: 60_000, adopt: true });

test('keeps a wish to cancel, and has the sweeper look at it soon', async () => {
  const orderId = await placed();
  await claim(100);

  await expect(requestCancel(database, orderId)).resolves.toBe('placed');
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({ cancelRequested: true });
  await expect(claim(100)).resolves.toEqual([orderId]);
});

test('keeps when a customer first wished to cancel', async () => {
  const orderId = await placed();
  await requestCancel(database, orderId);
  const first = await database.order.findUniqueOrThrow({ where: { orderId } });

  await expect(requestCancel(database, orderId)).resolves.toBe('placed'); // twice is as good as once
  await deleteOrder(database, orderId);

  const last = await database.order.findUniqueOrThrow({ where: { orderId } });
  expect(last.cancelRequestedAt).toEqual(first.cancelRequestedAt);
});

test('refuses to cancel an order that has shipped, and one that is not there', async () => {
  const orderId = await shipped();

  await expect(requestCancel(database, orderId)).resolves.toBe('shipped');
  await expect(requestCancel(database, randomUUID())).resolves.toBeNull();
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({ cancelRequested: false });
});

test('hides a deleted order and cancels it, its row kept for money that turns up late', async () => {
  const orderId = await placed();
  await claim(100);

  await expect(deleteOrder(database, orderId)).resolves.toBe('placed');
  await expect(findOrder(database, orderId)).resolves.toBeNull();
  expect((await findOrders(database)).map((order) => order.orderId)).not.toContain(orderId);
  await expect(deleteOrder(database, orderId)).resolves.toBeNull();
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({
    orderStatus: 'placed',
    cancelRequested: true,
    totalAmount: '9.00',
  });
  await expect(claim(100)).resolves.toEqual([orderId]); // so that the sweeper cancels what the nudge does not
});

test('does not cancel an order that is deleted: there is none for the customer', async () => {
  const orderId = await placed();
  await deleteOrder(database, orderId);

  await expect(requestCancel(database, orderId)).resolves.toBeNull();
});

test('leaves a settled order as it ended when it is deleted', async () => {
  const orderId = await shipped();

  await expect(deleteOrder(database, orderId)).resolves.toBe('shipped');
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({
    orderStatus: 'shipped',
    cancelRequested: false,
  });
});
