import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectPayments, type PaymentsClient } from '@shop/prisma/clients';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { charged } from '../../test/charged';
import { parkedQueueWithoutBroker } from '../../test/console-needs';
import { expectDescribed } from '../../test/openapi/described-responses';
import { createShopDatabase } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { Ledger } from '../payments/ledger';
import { paymentApi } from './api';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: PaymentsClient;
let ledger: Ledger;
let server: Awaited<ReturnType<typeof serveHttp>>;

beforeAll(async () => {
  shop = await createShopDatabase('http_payments');
  database = connectPayments(shop.paymentsUrl, { poolSize: 5 });
  ledger = new Ledger(database, silentLog);
  const app = createHttpApp({
    ...paymentApi({ database, parked: parkedQueueWithoutBroker }),
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
  });
  server = await serveHttp(app, 0);
});
afterAll(async () => {
  await server.stop();
  await database.$disconnect();
  await shop.drop();
});

async function get(path: string, prefix = '/paymentProcessing') {
  const target = `${prefix}${path}`;
  const response = await fetch(`http://localhost:${server.port}${target}`);
  const text = await response.text();
  const { status, headers } = response;
  expectDescribed({ method: 'GET', target, status, headers, text });
  return { status, headers, body: JSON.parse(text) as unknown };
}

async function aPayment(totalAmount = '90.00') {
  const request = { orderId: randomUUID(), customerId: randomUUID(), totalAmount };
  const { paymentId } = await ledger.charge(request).then(charged);
  return { orderId: request.orderId, customerId: request.customerId, paymentId };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('reads a payment, under both prefixes', async () => {
  const payment = await aPayment('90.25');
  const expected = {
    ...payment,
    amount: 90.25,
    status: 'success',
    reason: '',
    paidAt: expect.stringMatching(TIME),
    refundedAt: null,
  };

  for (const prefix of ['/paymentProcessing', '/payment-processing']) {
    await expect(get(`/payments/${payment.paymentId}`, prefix)).resolves.toMatchObject({ status: 200, body: expected });
  }
  await expect(get(`/payments?order_id=${payment.orderId.toUpperCase()}`)).resolves.toMatchObject({ body: [expected] });
  await expect(get(`/payments?payment_id=${payment.paymentId}`)).resolves.toMatchObject({ body: [expected] });
});

test('shows why a payment was declined, when it was refunded, and that an order was never charged', async () => {
  const [declined, refunded, unpaid] = [await aPayment('1000.01'), await aPayment(), randomUUID()];
  await ledger.refund(refunded);
  await ledger.refund({ orderId: unpaid });

  await expect(get(`/payments?order_id=${declined.orderId}`)).resolves.toMatchObject({
    body: [{ status: 'failed', reason: 'total amount over $1000', amount: 1000.01 }],
  });
  await expect(get(`/payments?order_id=${refunded.orderId}`)).resolves.toMatchObject({
    body: [{ status: 'refunded', refundedAt: expect.stringMatching(TIME) }],
  });
  await expect(get(`/payments?order_id=${unpaid}`)).resolves.toMatchObject({
    body: [{ status: 'void', customerId: null, amount: null }],
  });
});

test('combines parameters', async () => {
  const { orderId } = await aPayment();

  await expect(get(`/payments?order_id=${orderId}&status=success`)).resolves.toMatchObject({ body: [{ orderId }] });
  await expect(get(`/payments?order_id=${orderId}&status=failed`)).resolves.toMatchObject({ status: 200, body: [] });
});

test('lists the payments page by page, the newest first, also those of one status', async () => {
  await database.payment.deleteMany();
  await database.$executeRaw`
    INSERT INTO payments (payment_id, order_id, amount, status, paid_at)
    SELECT gen_random_uuid(), gen_random_uuid(), n, CASE WHEN n % 3 = 0 THEN 'refunded' ELSE 'success' END,
      now() + (n / 2) * interval '1 microsecond'
    FROM generate_series(1, 13) n`;
  const stored = await database.payment.findMany({ orderBy: [{ paidAt: 'desc' }, { paymentId: 'desc' }] });

  for (const status of [undefined, 'refunded', 'success']) {
    const listed: unknown[] = [];
    let query: string | undefined = `?limit=2${status === undefined ? '' : `&status=${status}`}`;
    while (query !== undefined) {
      const { body, headers } = await get(`/payments${query}`);
      listed.push(...(body as { paymentId: string }[]).map(({ paymentId }) => paymentId));
      query = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    const expected = stored.filter((payment) => status === undefined || payment.status === status);
    expect(listed).toEqual(expected.map(({ paymentId }) => paymentId));
  }
});

test('reads a page of a hundred thousand payments from an index, whatever the parameters are', async () => {
  await database.$executeRaw`
    INSERT INTO payments (payment_id, order_id, amount, status, paid_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 1, CASE n % 1000 WHEN 0 THEN 'refunded' ELSE 'success' END,
      now() - n * interval '1 second'
    FROM generate_series(1, 100000) n`;
  await database.$executeRaw`ANALYZE payments`;
  const queries = [
    '',
    '?status=success',
    '?status=refunded',
    '?status=void',
    `?order_id=${randomUUID()}`,
    `?payment_id=${randomUUID()}`,
    `?cursor=1700000000000000_${randomUUID()}`,
  ];
  const seen = async () => {
    await database.$executeRaw`SELECT pg_stat_force_next_flush()`;
    const [row] = await database.$queryRaw<{ scans: number }[]>`
      SELECT seq_scan::int AS scans FROM pg_stat_user_tables WHERE relname = 'payments'`;
    return row?.scans;
  };
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // sessions report what they have read after a second
  const before = await seen();

  for (const query of queries) expect((await get(`/payments${query}`)).status).toBe(200);

  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await get('/payments'); // the session reports with its next statement
  expect(await seen()).toBe(before);
});

test.each([
  ['?order_id=7', 'order_id: must be a UUID'],
  ['?payment_id=', 'payment_id: must be a UUID'],
  ['?status=paid', 'status: must be one of success, failed, refunded, void'],
  ['?limit=0', 'limit: must be a number from 1 to 1000'],
  ['?cursor=next', 'cursor: is not a cursor. Use the URL in the header Link of the previous page.'],
  [`?status=void&status=failed`, expect.stringContaining('status: ')],
])('refuses %s', async (query, detail) => {
  await expect(get(`/payments${query}`)).resolves.toMatchObject({
    status: 400,
    body: { code: 'invalid-query-parameter', detail },
  });
});

test('refuses an unknown parameter, an invalid id and an unknown payment', async () => {
  const id = randomUUID();

  await expect(get('/payments?orderId=1')).resolves.toMatchObject({ body: { code: 'unknown-query-parameter' } });
  await expect(get('/payments/7')).resolves.toMatchObject({
    status: 400,
    body: { detail: 'The payment id "7" is not a UUID.' },
  });
  await expect(get(`/payments/${id}`)).resolves.toMatchObject({
    status: 404,
    body: { code: 'payment-not-found', detail: `Payment ${id} does not exist.` },
  });
});
