import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, connectPayments, type OrdersClient, type PaymentsClient } from '@shop/prisma/clients';
import { Client } from 'pg';
import { acceptOrder } from '@shop/order-management/orders/accept-order';
import { fingerprintOf } from '@shop/order-management/orders/order-key';
import { forgetRefund, noteRefund } from '@shop/order-management/orders/refunds-due';
import { cancelOrder, shipOrder } from '@shop/order-management/orders/settle-order';
import { Ledger } from '@shop/payment-processing/payments/ledger';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct } from '../../test/shop';
import { INVARIANTS } from './invariants';

// A check that cannot fail says nothing: each is seen to hold, and to tell of the one thing that it is there for.
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
  [shipped, cancelled] = [await order(), await order()];
  const ledger = new Ledger(payments);
  for (const orderId of [shipped, cancelled]) {
    const { paymentId } = await ledger.charge({ orderId, customerId, totalAmount: '5.00' });
    if (orderId === shipped) await shipOrder(orders, orderId, paymentId);
  }
  await cancelOrder(orders, cancelled, { paymentStatus: 'cancelled', reason: 'as the test wants' });
  await ledger.refund({ orderId: cancelled });
  await forgetRefund(orders, { orderId: cancelled });
});

async function order(): Promise<string> {
  const wanted = { customerId, lines: [{ productId, quantity: 1 }] };
  const key = randomUUID();
  const outcome = await acceptOrder(orders, wanted, 60_000, { key, fingerprint: fingerprintOf(wanted) });
  if (!outcome.accepted) throw new Error('The order was not accepted.');
  accepted.set(key, outcome.order.orderId);
  return outcome.order.orderId;
}

/** The invariants that do not hold, by name. */
async function broken(): Promise<string[]> {
  const seen = { accepted, stock: new Map([[productId, 10]]) };
  const names: string[] = [];
  for (const { name, violations } of INVARIANTS) if ((await violations(sql, seen)).length > 0) names.push(name);
  return names;
}

test('all hold of one order shipped and one cancelled', async () => {
  expect(await broken()).toEqual([]);
});

const LOST = 'every 201 is an order';
const TWICE = 'every key has placed one order, and every order has a key';
const PLACED = 'no order is placed any more';
const STOCK = 'stock taken is stock sold';
const UNPAID = 'every shipped order has one payment that stands';
const KEPT = 'no cancelled order has a payment that stands';
const SHIPPED_YET = 'no order is shipped whose cancel was taken';
const DUE = 'no refund is due any more';
const STRAY = 'no payment stands without an order';

test.each<[string, () => Promise<unknown>, string[]]>([
  ['an accepted order is lost', async () => accepted.set('a key', randomUUID()), [LOST]],
  [
    'a key has placed two orders',
    async () => {
      const [key] = [...accepted].find(([, orderId]) => orderId === cancelled)!;
      accepted.set(key, shipped);
    },
    [TWICE],
  ],
  ['an order stands without a key', async () => orders.idempotencyKey.deleteMany(), [TWICE]],
  ['an order is never settled', async () => order(), [PLACED, STOCK]],
  ['stock is not given back', async () => sql.query('UPDATE products SET quantity_available = 8'), [STOCK]],
  ['stock is sold twice', async () => sql.query('UPDATE products SET quantity_available = 10'), [STOCK]],
  [
    'a shipped order was never charged',
    async () => payments.payment.deleteMany({ where: { orderId: shipped } }),
    [UNPAID],
  ],
  ['a shipped order’s payment went back', async () => new Ledger(payments).refund({ orderId: shipped }), [UNPAID]],
  [
    'a cancelled order’s payment was kept',
    async () => payments.payment.updateMany({ where: { orderId: cancelled }, data: { status: 'success' } }),
    [KEPT],
  ],
  [
    'a cancel is ignored that was taken',
    async () => sql.query(`UPDATE orders SET cancel_requested_at = now() WHERE order_id = '${shipped}'`),
    [SHIPPED_YET],
  ],
  ['a refund is never seen to end', async () => noteRefund(orders, { orderId: cancelled }), [DUE]],
  [
    'somebody paid for nothing',
    async () => new Ledger(payments).charge({ orderId: randomUUID(), customerId, totalAmount: '5.00' }),
    [STRAY],
  ],
])('they tell where %s', async (_, damage, names) => {
  await damage();

  expect(await broken()).toEqual(names);
});
