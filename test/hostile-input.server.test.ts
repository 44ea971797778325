import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { assert, asyncProperty } from 'fast-check';
import { createOrderApp } from '@shop/order-management/http/app';
import type { Acceptance } from '@shop/order-management/orders/accept-order';
import { loadPredefined } from '@shop/order-management/catalog/predefined';
import { ReadClient } from '@shop/order-management/reads/read-client';
import { hostileRequest, ODD_BODIES } from './hostile-requests';
import { sendRaw, type RawRequest } from './raw-http';
import { createShopDatabase } from './servers';
import { silentLog } from './silent-log';

// Whatever a client sends, it is told what is wrong with it: never a 500, never a word about our insides.

/** The same requests every time: a failure is one that can be looked at again. */
const RUNS = { seed: 8001, numRuns: 4_000 };

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let orders: Awaited<ReturnType<typeof serveHttp>>;
let payments: Awaited<ReturnType<typeof serveHttp>>;

beforeAll(async () => {
  shop = await createShopDatabase('hostile');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  await loadPredefined(database);
  const common = { log: silentLog, readiness: async () => ({ ready: true, checks: {} }) };
  const saga = { starter: { start: () => undefined }, sagas: { tellCancel: async () => true } };
  const backlog = { admit: (accept: () => Promise<Acceptance>) => accept() };
  const tables = { database, reads: new ReadClient(database), backlog };
  orders = await serveHttp(createOrderApp({ ...common, ...tables, ...saga, examineAfterMs: 60_000 }), 0);
  payments = await serveHttp(createHttpApp({ ...common, prefixes: ['/paymentProcessing', '/payment-processing'] }), 0);
});
afterAll(async () => {
  await Promise.all([orders.stop(), payments.stop()]);
  await database.$disconnect();
  await shop.drop();
});

/** What an answer never says: stacks, files, our libraries, our queries. */
const INSIDES =
  /\n\s+at |node_modules|node:internal|\/(home|root|tmp|usr|app|srv)\/|\b\w+\.(ts|js)\b|Prisma|invocation|SELECT|INSERT|UPDATE |postgres|ECONN|HPE_|(Type|Syntax|Range|Reference)Error|undefined/;

async function expectHonestAnswer(port: number, request: RawRequest): Promise<void> {
  const { status, headers: answered, body } = await sendRaw(port, request);
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  expect(answered.get('x-request-id')).toMatch(/^[\w.:@/+=-]{1,128}$/);
  if (status < 400 || request.method === 'HEAD') return;

  expect(answered.get('content-type')).toMatch('application/problem+json');
  const problem = JSON.parse(body) as { status: number; error: string };
  expect(problem).toMatchObject({ status, title: expect.any(String), detail: problem.error });
  expect(problem.error).not.toBe('');
  expect(problem.error).not.toMatch(INSIDES);
  expect(body.length).toBeLessThan(50_000);
}

describe('whatever is asked', () => {
  test('order-management answers with what is wrong', () =>
    assert(
      asyncProperty(hostileRequest, (request) => expectHonestAnswer(orders.port, request)),
      RUNS,
    ));

  test('payment-processing answers with what is wrong', () =>
    assert(
      asyncProperty(hostileRequest, (request) => expectHonestAnswer(payments.port, request)),
      { ...RUNS, numRuns: 300 },
    ));
});

test.each(['/customer', '/product', '/order'])('no odd body is too much for POST %s', async (route) => {
  for (const body of ODD_BODIES) {
    await expectHonestAnswer(orders.port, {
      method: 'POST',
      target: `/orderManagement${route}`,
      body: Buffer.from(body),
    });
  }
});
