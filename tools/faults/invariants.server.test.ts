import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, connectPayments, type OrdersClient, type PaymentsClient } from '@shop/prisma/clients';
import { Client } from 'pg';
import { acceptOrder } from '@shop/order-management/orders/accept-order';
import { fingerprintOf } from '@shop/order-management/orders/order-key';
import { deleteRefundDue, recordRefundDue } from '@shop/order-management/orders/refunds-due';
import { cancelOrder, shipOrder } from '@shop/order-management/orders/settle-order';
import { Ledger } from '@shop/payment-processing/payments/ledger';
import { charged } from '../../test/charged';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { INVARIANTS } from './invariants';

// Tests that each check passes on valid data, and fails if its invariant is violated.
let server: Awaited<ReturnType<typeof createShopDatabase>>;
let orders: OrdersClient;
let payments: PaymentsClient;
let sql: Client;
let customerId: string;
let productId: string;
let accepted: Map<string, string>;
let shipped: string;
let cancelled: string;

beforeAll(async () => {
  server = await createShopDatabase('invariants');
  orders = connectOrders(server.ordersUrl, { poolSize: 2 });
  payments = connectPayments(server.paymentsUrl, { poolSize: 2 });
  sql = new Client({ connectionString: server.ordersUrl });
  await sql.connect();
  customerId = (await aCustomer(orders)).customerId;
});
afterAll(async () => {
  await sql.end();
  await payments.$disconnect();
  await orders.$disconnect();
  await server.drop();
});
beforeEach(async () => {
  await sql.query('TRUNCATE orders, products, payments.payments CASCADE');
  productId = (await aProduct(orders, { quantityAvailable: 10 })).productId;
  accepted = new Map();
  [shipped, cancelled] = [await placeOrder(), await placeOrder()];
  const ledger = new Ledger(payments, silentLog);
  for (const orderId of [shipped, cancelled]) {
    const { paymentId } = charged(await ledger.charge({ orderId, customerId, totalAmount: '5.00' }));
    if (orderId === shipped) await shipOrder(orders, orderId, paymentId);
  }
  await cancelOrder(orders, cancelled, { code: 'payment-timeout', reason: 'No answer.' });
  await ledger.refund({ orderId: cancelled });
  await deleteRefundDue(orders, { orderId: cancelled });
});

async function placeOrder(): Promise<string> {
  const request = { customerId, lines: [{ productId, quantity: 1 }] };
  const key = randomUUID();
  const outcome = await acceptOrder(orders, request, 60_000, { key, fingerprint: fingerprintOf(request) });
  if (!outcome.accepted) throw new Error('The order was not accepted.');
  accepted.set(key, outcome.order.orderId);
  return outcome.order.orderId;
}

/** Returns a sentence for each invariant that does not hold. */
async function violated(): Promise<string[]> {
  const observed = { accepted, stock: new Map([[productId, 10]]) };
  const sentences: string[] = [];
  for (const { statement, violations } of INVARIANTS) {
    const { length } = await violations(sql, observed);
    if (length > 0) sentences.push(statement(length));
  }
  return sentences;
}

test('hold for a shipped and a cancelled order', async () => {
  expect(await violated()).toEqual([]);
});

const WRONG_STOCK = '1 product has the wrong stock';
const UNPAID = '1 shipped order has no successful payment';

test.each<[string, () => Promise<unknown>, string[]]>([
  ['an accepted order that is lost', async () => accepted.set('a key', randomUUID()), ['1 accepted order is missing']],
  [
    'a key that has placed two orders',
    async () => {
      const [key] = [...accepted].find(([, orderId]) => orderId === cancelled)!;
      accepted.set(key, shipped);
    },
    ['1 order does not match its idempotency key'],
  ],
  [
    'orders without a key',
    async () => orders.idempotencyKey.deleteMany(),
    ['2 orders do not match their idempotency keys'],
  ],
  ['an order that is never settled', async () => placeOrder(), ['1 order is unsettled', WRONG_STOCK]],
  ['stock that is not released', async () => sql.query('UPDATE products SET quantity_available = 8'), [WRONG_STOCK]],
  ['stock that is sold twice', async () => sql.query('UPDATE products SET quantity_available = 10'), [WRONG_STOCK]],
  [
    'a shipped order that was never charged',
    async () => payments.payment.deleteMany({ where: { orderId: shipped } }),
    [UNPAID],
  ],
  [
    'a shipped order that was refunded',
    async () => new Ledger(payments, silentLog).refund({ orderId: shipped }),
    [UNPAID],
  ],
  [
    'a cancelled order that was not refunded',
    async () => payments.payment.updateMany({ where: { orderId: cancelled }, data: { status: 'success' } }),
    ['1 cancelled order has an unrefunded payment'],
  ],
  [
    'a cancelled order without a reason',
    async () => sql.query(`UPDATE orders SET cancellation_code = NULL WHERE order_id = '${cancelled}'`),
    ['1 cancelled order has no reason'],
  ],
  [
    'an accepted cancellation that was ignored',
    async () => sql.query(`UPDATE orders SET cancel_requested_at = now() WHERE order_id = '${shipped}'`),
    ['1 order was shipped after its cancellation was accepted'],
  ],
  [
    'a refund that never ended',
    async () => recordRefundDue(orders, { orderId: cancelled }),
    ['1 refund is outstanding'],
  ],
  [
    'a payment without an order',
    async () => new Ledger(payments, silentLog).charge({ orderId: randomUUID(), customerId, totalAmount: '5.00' }),
    ['1 payment belongs to no order'],
  ],
])('detect %s', async (_, damage, sentences) => {
  await damage();

  expect(await violated()).toEqual(sentences);
});
