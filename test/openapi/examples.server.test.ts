import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { EXAMPLE_ORDER, EXAMPLE_PRODUCT } from '@shop/order-management/http/examples';
import { EXAMPLE_PAYMENT } from '@shop/payment-processing/http/payment-operations';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { ROOT } from '../documents';
import { placeAndRead } from './place-and-read';
import { allOperations, exampleOf, send } from './requests';
import { ServedShop } from './served-shop';

// Sends the example of each operation. The ids of the examples stand for a shipped order, its payment, and a product without orders.

let shop: ServedShop;
let database: OrdersClient;

beforeAll(async () => {
  shop = await ServedShop.start('examples');
  database = connectOrders(shop.databaseUrl, { poolSize: 1 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.end();
});

/** The orders of some examples must have another state than shipped. */
const PREPARE: Record<string, (orderId: string) => Promise<unknown>> = {
  cancelOrder: (orderId) =>
    database.order.update({ where: { orderId }, data: { orderStatus: 'placed', paymentStatus: 'pending' } }),
};

describe.each(allOperations())('the example of $id ($service)', (operation) => {
  test('is answered with success, as the document describes', async () => {
    let request = JSON.stringify(exampleOf(operation));
    if (request.includes(EXAMPLE_PRODUCT)) request = request.replaceAll(EXAMPLE_PRODUCT, await shop.aProduct());
    if (request.includes(EXAMPLE_ORDER)) {
      const orderId = await shop.aShippedOrder();
      await PREPARE[operation.id]?.(orderId);
      request = request.replaceAll(EXAMPLE_ORDER, orderId);
    }

    if (request.includes(EXAMPLE_PAYMENT)) request = request.replaceAll(EXAMPLE_PAYMENT, await shop.aPayment());

    const { status, text } = await send(
      shop.urlOf(operation.service),
      operation.service,
      JSON.parse(request) as ReturnType<typeof exampleOf>,
    );

    const successes = Object.keys(operation.operation.responses).filter(isSuccess).map(Number);
    expect({ status, text, isSuccess: successes.includes(status) }).toMatchObject({ isSuccess: true });
  });
});

test('the typed client of docs/api.md places an order and reads it', async () => {
  const example = readFileSync(join(__dirname, 'place-and-read.ts'), 'utf8');
  expect(readFileSync(join(ROOT, 'docs', 'api.md'), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);

  const status = placeAndRead(shop.urlOf('order-management'), PREDEFINED_CUSTOMER.customerId, await shop.aProduct());

  expect(['placed', 'shipped']).toContain(await status);
});

const isSuccess = (status: string): boolean => status.startsWith('2');
