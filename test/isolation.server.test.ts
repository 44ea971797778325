import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withDatabase } from '@shop/dev/with-database';
import { acceptOrder } from '@shop/order-management/orders/accept-order';
import { requestCancel } from '@shop/order-management/orders/request-cancel';
import { resumeOrder } from '@shop/order-management/orders/resume-order';
import { cancelOrder, shipOrder } from '@shop/order-management/orders/settle-order';
import { claimUnsettledOrders } from '@shop/order-management/orders/unsettled-orders';
import { Ledger } from '@shop/payment-processing/payments/ledger';
import { connectOrders, connectPayments, type OrdersClient, type PaymentsClient } from '@shop/prisma/clients';
import { charged } from './charged';
import { createShopDatabase } from './servers';
import { aCustomer, anOriginalOrder, aProduct, stockOf } from './shop';
import { silentLog } from './silent-log';

// The services choose their isolation level, except behind PgBouncer, where that of the database applies. `pgbouncer=true`
// has the same effect without PgBouncer.

const CONCURRENCY = 10;
const TIMES = Array.from({ length: CONCURRENCY }, (_, index) => index);
const REASON = { code: 'customer-cancelled', reason: 'The customer cancelled the order.' } as const;

const concurrently = <T>(call: (index: number) => Promise<T>): Promise<T[]> => Promise.all(TIMES.map(call));

describe.each(['read committed', 'repeatable read', 'serializable'])('with the isolation level %s', (level) => {
  let shop: Awaited<ReturnType<typeof createShopDatabase>>;
  let database: OrdersClient;
  let payments: PaymentsClient;
  let ledger: Ledger;

  beforeAll(async () => {
    shop = await createShopDatabase('isolation');
    const name = new URL(shop.ordersUrl).pathname.slice(1);
    for (const setting of [
      `default_transaction_isolation = '${level}'`,
      'search_path = public, payments',
      'timezone = UTC',
    ]) {
      await withDatabase(shop.ordersUrl, (sql) => sql.query(`ALTER DATABASE "${name}" SET ${setting}`));
    }
    database = connectOrders(`${shop.ordersUrl}?pgbouncer=true`, { poolSize: CONCURRENCY });
    payments = connectPayments(`${shop.paymentsUrl}&pgbouncer=true`, { poolSize: CONCURRENCY });
    ledger = new Ledger(payments, silentLog);
    await expect(database.$queryRaw`SHOW default_transaction_isolation`).resolves.toEqual([
      { default_transaction_isolation: level },
    ]);
  });
  afterAll(async () => {
    await Promise.all([database.$disconnect(), payments.$disconnect()]);
    await shop.drop();
  });

  test('concurrent orders of one product are accepted, and so are their settlements', async () => {
    const { customerId } = await aCustomer(database);
    const product = await aProduct(database, { quantityAvailable: CONCURRENCY });
    const request = { customerId, lines: [{ productId: product.productId, quantity: 1 }] };

    const accepted = await concurrently(() => acceptOrder(database, request, 60_000));

    const ids = accepted.map((outcome) => (outcome.accepted ? outcome.order.orderId : outcome.why));
    expect(await stockOf(database, product)).toBe(0);
    await Promise.all(
      ids.map((id, index) =>
        index % 2 === 0 ? cancelOrder(database, id, REASON) : shipOrder(database, id, randomUUID()),
      ),
    );
    expect(await stockOf(database, product)).toBe(CONCURRENCY / 2);
  });

  test('concurrent cancels, settlements and claims of one order agree', async () => {
    const { customerId } = await aCustomer(database);
    const product = await aProduct(database);
    const lines = [{ productId: product.productId, quantity: 1 }];
    const accepted = await acceptOrder(database, { customerId, lines }, 1);
    const orderId = accepted.accepted ? accepted.order.orderId : accepted.why;

    const claims = await concurrently(() =>
      claimUnsettledOrders(database, { limit: 10, examineAgainMs: 60_000, adopt: 'none' }),
    );
    await concurrently(() => requestCancel(database, orderId));
    const settled = await concurrently(() => shipOrder(database, orderId, randomUUID()));

    expect(claims.flat().filter((id) => id === orderId)).toEqual([orderId]);
    expect(settled.filter(({ changed }) => changed)).toHaveLength(1);
    expect(new Set(settled.map(({ settlement }) => settlement.orderStatus))).toEqual(new Set(['cancelled']));
    expect(await stockOf(database, product)).toBe(10);
  });

  test('concurrent adoptions of orders of one product take its stock once each', async () => {
    const customer = await aCustomer(database);
    const product = await aProduct(database, { quantityAvailable: CONCURRENCY });
    const orderIds: string[] = [];
    for (const _ of TIMES) {
      orderIds.push(await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 1 }]));
    }

    const resumed = await Promise.all(orderIds.map((orderId) => resumeOrder(database, orderId)));

    expect(resumed).toEqual(TIMES.map(() => ({ settled: null, totalAmount: '5.00', adopted: true, cancel: null })));
    expect(await stockOf(database, product)).toBe(0);
  });

  test('concurrent charges and refunds of one order charge and refund it once', async () => {
    const request = { orderId: randomUUID(), customerId: randomUUID(), totalAmount: '45.00' };

    const charges = await concurrently(() => ledger.charge(request).then(charged));
    const paymentIds = new Set(charges.map(({ paymentId }) => paymentId));
    expect(paymentIds.size).toBe(1);
    const [paymentId = ''] = paymentIds;

    await concurrently((index) => ledger.refund({ orderId: request.orderId, ...(index % 2 === 0 && { paymentId }) }));
    expect(await payments.payment.findMany({ where: { orderId: request.orderId } })).toMatchObject([
      { paymentId, status: 'refunded' },
    ]);
  });
});
