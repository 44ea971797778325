import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { serveHttp } from '@shop/runtime/http-server';
import { callService, type Answer } from '../../test/call';
import { eventually } from '../../test/eventually';
import { following } from '../../test/following';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder, aProduct } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { acceptOrder } from '../orders/accept-order';
import { deleteOrder, requestCancel } from '../orders/request-cancel';
import { cancelOrder, CUSTOMER_CANCELLED, shipOrder } from '../orders/settle-order';
import { ReadClient } from '../reads/read-client';
import { createOrderApp } from './app';

const MAX_WAITS = 3;

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;
let mug: Product;
let held: ReturnType<typeof following>;
let server: Awaited<ReturnType<typeof serveHttp>>;
let reads: ReadClient;
let stopped: Promise<unknown> | null;

beforeAll(async () => {
  shop = await createShopDatabase('follow-order');
  database = connectOrders(shop.ordersUrl, { poolSize: 2 });
  customer = await aCustomer(database);
  mug = await aProduct(database, { price: '4.50', quantityAvailable: 1_000 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  stopped = null;
  held = following(database, { maxWaits: MAX_WAITS });
  reads = new ReadClient(database);
  const app = createOrderApp({
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
    database,
    reads,
    starter: { start: () => undefined },
    sagas: { signalCancel: async () => true, refundAgain: async () => undefined },
    backlog: { admit: (accept) => accept() },
    examineAfterMs: 60_000,
    ...held,
  });
  server = await serveHttp(app, 0);
});
afterEach(() => stop());

const stop = () => (stopped ??= Promise.all([server.stop(), held.waits.stop()]));

const get = (path: string): Promise<Answer> =>
  callService({ url: `http://localhost:${server.port}` }, 'GET', `/orderManagement${path}`);

async function accepted(quantity = 2): Promise<string> {
  const lines = [{ productId: mug.productId, quantity }];
  const outcome = await acceptOrder(database, { customerId: customer.customerId, lines }, 60_000);
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

const areWaiting = (count: number): Promise<void> => eventually(() => expect(held.waits.count).toBe(count));

describe('one order', () => {
  test('has the fields of the list, the total, the time of its settlement and links', async () => {
    const orderId = await accepted(3);
    const listed = ((await get('/order')).body as { orderId: string }[]).find((order) => order.orderId === orderId);
    const self = `/orderManagement/order/${orderId}`;
    const links = {
      self,
      history: `${self}/history`,
      events: `${self}/events`,
      saga: `http://localhost:8233/${orderId}`,
    };

    expect((await get(`/order/${orderId}`)).body).toEqual({ ...listed, totalAmount: 13.5, settledAt: null, links });

    await shipOrder(database, orderId, randomUUID());
    const { settledAt } = (await get(`/order/${orderId}`)).body as { settledAt: string };
    expect(Math.abs(Date.now() - Date.parse(settledAt))).toBeLessThan(60_000);
  });

  test('of the original has the total at the prices of today', async () => {
    const orderId = await anOriginalOrder(database, customer, [{ productId: mug.productId, quantity: 2 }]);

    expect((await get(`/order/${orderId}`)).body).toMatchObject({ totalAmount: 9, settledAt: null });
  });

  test('without lines has the total zero', async () => {
    const orderId = await anOriginalOrder(database, customer, []);

    expect((await get(`/order/${orderId}`)).body).toMatchObject({ totalAmount: 0 });
  });
});

describe('the history', () => {
  test('lists the steps with times and reasons', async () => {
    const [orderId, paymentId] = [await accepted(), randomUUID()];
    await requestCancel(database, orderId);
    await shipOrder(database, orderId, paymentId);

    const { status, body } = await get(`/order/${orderId}/history`);

    expect(status).toBe(200);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(body).toEqual([
      { step: 'accepted', time, reason: null, actor: 'anonymous' },
      { step: 'cancel-requested', time, reason: null, actor: 'anonymous' },
      { step: 'paid', time, reason: `payment ${paymentId}`, actor: null },
      { step: 'cancelled', time, reason: CUSTOMER_CANCELLED.reason, actor: null },
    ]);
  });

  test('of an order that does not exist or was deleted is answered with 404', async () => {
    const orderId = await accepted();
    await deleteOrder(database, orderId);

    for (const id of [orderId, randomUUID()]) {
      expect(await get(`/order/${id}/history`)).toMatchObject({ status: 404, body: { code: 'order-not-found' } });
    }
  });
});

describe('a read that waits', () => {
  test('is answered when the order is settled', async () => {
    const orderId = await accepted();

    const answer = get(`/order/${orderId}?wait=30s`);
    await areWaiting(1);
    await shipOrder(database, orderId, randomUUID());

    expect(await answer).toMatchObject({ status: 200, body: { orderStatus: 'shipped', paymentStatus: 'success' } });
  });

  test('shows the settled order even if its read is answered by a secondary that is behind', async () => {
    const orderId = await accepted();
    const read = reads.read.bind(reads);
    let old: Promise<unknown> | null = null;
    reads.read = async <T>(query: (source: OrdersClient) => Promise<T>) => (old ??= read(query)) as Promise<T>;

    const answer = get(`/order/${orderId}?wait=30s`);
    await areWaiting(1);
    await shipOrder(database, orderId, randomUUID());

    expect(await answer).toMatchObject({ body: { orderStatus: 'shipped' } });
  });

  test('is answered at once if the order is settled already', async () => {
    const orderId = await accepted();
    await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'No answer.' });
    const before = performance.now();

    expect(await get(`/order/${orderId}?wait=30s`)).toMatchObject({ body: { orderStatus: 'cancelled' } });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test('is answered with the current state when the time is over', async () => {
    const orderId = await accepted();
    const before = performance.now();

    expect(await get(`/order/${orderId}?wait=300ms`)).toMatchObject({ status: 200, body: { orderStatus: 'placed' } });
    expect(performance.now() - before).toBeGreaterThanOrEqual(295);
  });

  test.each(['30', '61s', '60001ms', '1m', '-1s', '', 's', '1.5s', '30s&wait=1s'])('refuses wait=%s', async (wait) => {
    const answer = await get(`/order/${randomUUID()}?wait=${wait}`);

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-query-parameter' } });
  });

  test('for an order that does not exist is answered with 404 at once', async () => {
    expect(await get(`/order/${randomUUID()}?wait=30s`)).toMatchObject({ status: 404 });
  });

  test('for an order that is deleted meanwhile is answered with 404 when it is settled', async () => {
    const orderId = await accepted();

    const answer = get(`/order/${orderId}?wait=30s`);
    await areWaiting(1);
    await deleteOrder(database, orderId);
    await shipOrder(database, orderId, randomUUID());

    expect(await answer).toMatchObject({ status: 404 });
  });

  test('holds no connection of the database', async () => {
    const orders = await Promise.all(Array.from({ length: MAX_WAITS }, () => accepted()));

    const answers = orders.map((orderId) => get(`/order/${orderId}?wait=30s`));
    await areWaiting(MAX_WAITS); // more than the pool has connections
    expect(await get('/order')).toMatchObject({ status: 200 });
    for (const orderId of orders) await shipOrder(database, orderId, randomUUID());

    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ body: { orderStatus: 'shipped' } });
  });

  test('is refused with 503 if too many wait', async () => {
    const orderId = await accepted();
    const answers = Array.from({ length: MAX_WAITS }, () => get(`/order/${orderId}?wait=30s`));
    await areWaiting(MAX_WAITS);

    const refused = await get(`/order/${orderId}?wait=30s`);

    expect(refused).toMatchObject({ status: 503, body: { code: 'too-many-waits' } });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await get(`/order/${orderId}`)).toMatchObject({ status: 200 });
    await shipOrder(database, orderId, randomUUID());
    await Promise.all(answers);
  });

  test('ends when its client disconnects', async () => {
    const [orderId, abort] = [await accepted(), new AbortController()];
    const url = `http://localhost:${server.port}/orderManagement/order/${orderId}?wait=30s`;
    const answer = fetch(url, { signal: abort.signal }).catch(() => 'aborted');
    await areWaiting(1);

    abort.abort();

    await areWaiting(0);
    expect(await answer).toBe('aborted');
  });

  test('does not begin if its client disconnects while the order is read', async () => {
    const [orderId, abort] = [await accepted(), new AbortController()];
    let read!: () => void;
    const beforeRead = new Promise<void>((resolve) => (read = resolve));
    const readNow = reads.read.bind(reads);
    const reading = new Promise<void>((resolve) => {
      reads.read = async (...query) => {
        resolve();
        await beforeRead;
        return readNow(...query);
      };
    });
    const url = `http://localhost:${server.port}/orderManagement/order/${orderId}?wait=30s`;
    const answer = fetch(url, { signal: abort.signal }).catch(() => 'aborted');
    await reading;

    abort.abort();
    await delay(200); // until the server notices it
    read();

    expect(await answer).toBe('aborted');
    await delay(200);
    expect(held.waits.count).toBe(0);
  });

  test('is answered with the current state when the service stops', async () => {
    const orderId = await accepted();
    const answer = get(`/order/${orderId}?wait=30s`);
    await areWaiting(1);
    const before = performance.now();

    await stop();

    expect(await answer).toMatchObject({ status: 200, body: { orderStatus: 'placed' } });
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
