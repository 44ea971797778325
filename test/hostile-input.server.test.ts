import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { assert, asyncProperty } from 'fast-check';
import { createOrderApp } from '@shop/order-management/http/app';
import type { Acceptance } from '@shop/order-management/orders/accept-order';
import { loadPredefined } from '@shop/order-management/catalog/predefined';
import { ReadClient } from '@shop/order-management/reads/read-client';
import { hostileRequest, ODD_BODIES } from './hostile-requests';
import { INTERNAL_DETAILS } from './internal-details';
import { expectDescribed } from './openapi/described-responses';
import { sendRaw, type RawRequest } from './raw-http';
import { following } from './following';
import { createShopDatabase } from './servers';
import { silentLog } from './silent-log';

// Any request is answered with a problem that the client can act on: never a 500, never internal details.

/** A fixed seed makes every run send the same requests, so that a failure can be reproduced. */
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
  const saga = {
    starter: { start: () => undefined },
    sagas: { signalCancel: async () => true, refundAgain: async () => undefined },
  };
  const backlog = { admit: (accept: () => Promise<Acceptance>) => accept() };
  const tables = { database, reads: new ReadClient(database), backlog };
  const app = createOrderApp({ ...common, ...tables, ...saga, ...following(database), examineAfterMs: 60_000 });
  orders = await serveHttp(app, 0);
  payments = await serveHttp(createHttpApp({ ...common, prefixes: ['/paymentProcessing', '/payment-processing'] }), 0);
});
afterAll(async () => {
  await Promise.all([orders.stop(), payments.stop()]);
  await database.$disconnect();
  await shop.drop();
});

async function expectSafeResponse(port: number, request: RawRequest): Promise<void> {
  const { status, headers: answered, body } = await sendRaw(port, request);
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  expect(answered.get('x-request-id')).toMatch(/^[\w.:@/+=-]{1,128}$/);
  const get = (name: string) => answered.get(name) ?? null;
  const service = port === payments.port ? 'payment-processing' : 'order-management';
  expectDescribed({ ...request, status, headers: { get }, text: body }, service);
  if (status < 400 || request.method === 'HEAD') return;

  expect(answered.get('content-type')).toMatch('application/problem+json');
  const problem = JSON.parse(body) as { status: number; error: string };
  expect(problem).toMatchObject({ status, title: expect.any(String), detail: problem.error });
  expect(problem.error).not.toBe('');
  expect(problem.error).not.toMatch(INTERNAL_DETAILS);
  expect(body.length).toBeLessThan(50_000);
}

describe('any request', () => {
  test('order-management answers with a status below 500 and a problem document', () =>
    assert(
      asyncProperty(hostileRequest, (request) => expectSafeResponse(orders.port, request)),
      RUNS,
    ));

  test('payment-processing answers with a status below 500 and a problem document', () =>
    assert(
      asyncProperty(hostileRequest, (request) => expectSafeResponse(payments.port, request)),
      { ...RUNS, numRuns: 300 },
    ));
});

test.each(['/customer', '/product', '/order'])(
  'POST %s answers every odd body with a status below 500',
  async (route) => {
    for (const body of ODD_BODIES) {
      await expectSafeResponse(orders.port, {
        method: 'POST',
        target: `/orderManagement${route}`,
        body: Buffer.from(body),
      });
    }
  },
);
