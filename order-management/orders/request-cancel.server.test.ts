import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import type { Customer } from '../catalog/customers';
import { findOrder } from './find-orders';
import { readOrderBatch } from './order-batches';
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
  await resumeOrder(database, orderId); // takes the stock
  await shipOrder(database, orderId, randomUUID());
  return orderId;
}

const claim = (limit: number): Promise<string[]> =>
  claimUnsettledOrders(database, { limit, examineAgainMs: 60_000, adopt: 'all' });

test('records a cancel, and makes the order due for the sweeper', async () => {
  const orderId = await placed();
  await claim(100);

  await expect(requestCancel(database, orderId)).resolves.toBe('placed');
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({ cancelRequested: true });
  await expect(claim(100)).resolves.toEqual([orderId]);
});

test('keeps the time of the first cancel', async () => {
  const orderId = await placed();
  await requestCancel(database, orderId);
  const cancelled = await database.order.findUniqueOrThrow({ where: { orderId } });

  await expect(requestCancel(database, orderId)).resolves.toBe('placed'); // a repetition has the same result
  await deleteOrder(database, orderId);

  const cancelledAgain = await database.order.findUniqueOrThrow({ where: { orderId } });
  expect(cancelledAgain.cancelRequestedAt).toEqual(cancelled.cancelRequestedAt);
});

test('refuses to cancel a shipped order, and an order that does not exist', async () => {
  const orderId = await shipped();

  await expect(requestCancel(database, orderId)).resolves.toBe('shipped');
  await expect(requestCancel(database, randomUUID())).resolves.toBeNull();
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({ cancelRequested: false });
});

test('hides a deleted order and cancels it, but keeps its row for late payments', async () => {
  const orderId = await placed();
  await claim(100);

  await expect(deleteOrder(database, orderId)).resolves.toBe('placed');
  await expect(findOrder(database, orderId)).resolves.toBeNull();
  const { orders } = await readOrderBatch(database, null);
  expect(orders.map((order) => order.orderId)).not.toContain(orderId);
  await expect(deleteOrder(database, orderId)).resolves.toBeNull();
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({
    orderStatus: 'placed',
    cancelRequested: true,
    totalAmount: '9.00',
  });
  await expect(claim(100)).resolves.toEqual([orderId]); // the sweeper cancels it if the signal is lost
});

test('reports that a deleted order does not exist instead of cancelling it', async () => {
  const orderId = await placed();
  await deleteOrder(database, orderId);

  await expect(requestCancel(database, orderId)).resolves.toBeNull();
});

test('does not change the status of a settled order that is deleted', async () => {
  const orderId = await shipped();

  await expect(deleteOrder(database, orderId)).resolves.toBe('shipped');
  await expect(readOrderState(database, orderId)).resolves.toMatchObject({
    orderStatus: 'shipped',
    cancelRequested: false,
  });
});
