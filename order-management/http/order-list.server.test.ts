import { once } from 'node:events';
import { get, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { operation } from '@shop/runtime/operation';
import { eventually } from '../../test/eventually';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { findOrdersById } from '../orders/find-orders';
import { toOrderJson } from './json';
import { OrderList, type OrderListOptions } from './order-list';

const ORDERS = 10_000;
/** Read as batches of 100. */
const BATCHES = ORDERS / 100;
// The list has 20 MB, more than the buffers of a connection hold.
const DESCRIPTION = 'x'.repeat(2_000);

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let server: Awaited<ReturnType<typeof serveHttp>>;
let list: OrderList;
/** The number of batches that were read. */
let batches: number;
let stopping: AbortController;
/** A batch is read only after this. */
let beforeRead: Promise<unknown>;

beforeAll(async () => {
  shop = await createShopDatabase('order-list');
  database = connectOrders(shop.ordersUrl, { poolSize: 2 });
  const { customerId } = await aCustomer(database);
  const { productId } = await aProduct(database, { name: 'Mug "ü"', price: '7.10', description: DESCRIPTION });
  await database.$executeRaw`
    WITH placed AS (
      INSERT INTO orders (order_id, customer_id, order_status, payment_status, order_date, cancellation_code, cancellation_reason)
      SELECT gen_random_uuid(), ${customerId}::uuid, CASE WHEN number % 3 = 0 THEN 'cancelled' ELSE 'shipped' END, 'success',
        CASE WHEN number % 100 > 0 THEN now() - number * interval '1 ms' END,
        CASE WHEN number % 6 = 0 THEN 'out-of-stock' END, 'None left.'
      FROM generate_series(1, ${ORDERS}::int) number
      RETURNING order_id
    )
    INSERT INTO order_products (order_id, product_id, quantity) SELECT order_id, ${productId}::uuid, 2 FROM placed`;
  await database.$executeRaw`ANALYZE`;
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

beforeEach(() => serve());
afterEach(() => server.stop().catch(() => undefined)); // some tests stop it

/** Serves the list. A test that needs other limits stops the server first. */
async function serve(limits: NonNullable<OrderListOptions['limits']> = {}, failAtBatch = Infinity): Promise<void> {
  batches = 0;
  stopping = new AbortController();
  beforeRead = Promise.resolve();
  list = new OrderList({
    reads: {
      read: async (query) => {
        batches++;
        if (batches === failAtBatch) throw new Error('by the test');
        await beforeRead;
        return query(database);
      },
    },
    stopping: stopping.signal,
    limits,
  });
  const operations = [
    operation({
      id: 'listOrders',
      method: 'get',
      path: '/order',
      tag: 'Orders',
      access: 'open',
      summary: 'List all orders',
      responses: { 200: { description: 'The orders.' } },
      handle: ({ request, response }) => list.send(request, response, null),
    }),
  ];
  server = await serveHttp(createHttpApp({ log: silentLog, prefixes: [''], operations, readiness: isReady }), 0);
}

const isReady = async () => ({ ready: true, checks: {} });

const path = (): string => `http://127.0.0.1:${server.port}/order`;

/** Requests the list over a connection from which nothing is read until `resume` is called. */
async function openWithoutReading(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write('GET /order HTTP/1.1\r\nHost: test\r\n\r\n');
  await eventually(() => expect(batches).toBeGreaterThan(0));
  return socket;
}

/** Waits until no more batches are read. @returns their number */
async function batchesAtRest(): Promise<number> {
  for (;;) {
    const before = batches;
    await delay(300);
    if (batches === before) return before;
  }
}

test('sends exactly the JSON of all orders, the oldest first, and those without a date at the end', async () => {
  const ids = await database.$queryRaw<
    { id: string }[]
  >`SELECT order_id AS id FROM orders ORDER BY order_date, order_id`;
  const orders = await findOrdersById(
    database,
    ids.map(({ id }) => id),
  );

  const response = await fetch(path());

  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect((await response.text()) === JSON.stringify(orders.map(toOrderJson))).toBe(true);
});

test('answers HEAD without reading the list', async () => {
  const response = await fetch(path(), { method: 'HEAD' });

  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(batches).toBe(1);
});

test('reads no more than fits into the buffers of the connection while the client reads nothing', async () => {
  const socket = await openWithoutReading();

  const atRest = await batchesAtRest();
  expect(atRest).toBeLessThan(BATCHES / 2);

  let body = '';
  socket.on('data', (chunk) => (body += String(chunk))).resume();
  await eventually(() => expect(body.endsWith('0\r\n\r\n')).toBe(true));
  expect(batches).toBeGreaterThan(BATCHES);
  socket.destroy();
});

test('gives every client its turn', async () => {
  const waiting = await openWithoutReading();
  await batchesAtRest();

  expect(JSON.parse(await (await fetch(path())).text())).toHaveLength(ORDERS);
  waiting.destroy();
});

test('reads at its share of the time while orders are being placed, and at full speed afterwards', async () => {
  await server.stop();
  await serve({ shareOfTime: 0.02, giveWayMs: 500 });
  beforeRead = delay(40); // the first batch takes 40 ms or more, so the next one follows 2 s later

  list.giveWay();
  const response = await fetch(path());
  await delay(1_000);
  expect(batches).toBe(1);

  expect(await response.json()).toHaveLength(ORDERS);
});

test('shares batches between lists that are requested at the same time', async () => {
  const bodies = await Promise.all([1, 2, 3, 4, 5].map(async () => (await fetch(path())).text()));

  expect(new Set(bodies).size).toBe(1);
  expect(JSON.parse(bodies[0] ?? '')).toHaveLength(ORDERS);
  expect(batches).toBeLessThan(BATCHES * 3); // not 5
});

test('shows a later list what was committed before its request, although an earlier list has read it before', async () => {
  const socket = await openWithoutReading();
  await batchesAtRest();
  await database.$executeRaw`UPDATE orders SET payment_status = 'refunded' WHERE order_id = (
    SELECT order_id FROM orders ORDER BY order_date, order_id LIMIT 1)`;

  const [oldest] = (await (await fetch(path())).json()) as { paymentStatus: string }[];

  expect(oldest?.paymentStatus).toBe('refunded');
  socket.destroy();
});

test('reads no further batch after the client has disconnected', async () => {
  const response = await new Promise<IncomingMessage>((resolve) => get(path(), resolve));
  response.once('data', () => response.destroy());
  await once(response, 'close');

  expect(await batchesAtRest()).toBeLessThan(BATCHES / 2);
});

test('disconnects a client that reads nothing for some time', async () => {
  await server.stop();
  await serve({ idleMs: 500 });
  const socket = await openWithoutReading();

  await delay(2_000);
  const closed = once(socket.resume(), 'close');

  await closed;
  expect(batches).toBeLessThan(BATCHES / 2);
});

test('keeps a client that reads slowly but steadily', async () => {
  await server.stop();
  await serve({ idleMs: 3_000 });
  const response = await new Promise<IncomingMessage>((resolve) => get(path(), resolve));
  const ended = once(response, 'end');
  let read = 0;
  response.on('data', (chunk: Buffer) => (read += chunk.length));
  for (let i = 0; i < 14; i++) {
    response.pause();
    await delay(250);
    response.resume();
    await delay(20);
  }
  await ended;

  expect(response.complete).toBe(true);
  expect(read).toBeGreaterThan(1_000_000);
});

test('breaks off the response if a batch fails in the middle', async () => {
  await server.stop();
  await serve({}, 5);

  const response = await fetch(path());

  await expect(response.text()).rejects.toThrow('terminated');
});

test('sends no complete array to a client of HTTP/1.0 if a batch fails in the middle', async () => {
  await server.stop();
  await serve({}, 5);
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET /order HTTP/1.0\r\n\r\n');

  const answer = await text(socket);

  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(() => void JSON.parse(answer.slice(answer.indexOf('[')))).toThrow(SyntaxError);
});

test('answers a problem if the first batch fails', async () => {
  await server.stop();
  await serve({}, 1);

  const response = await fetch(path());

  expect(response.status).toBe(503);
  await expect(response.json()).resolves.toMatchObject({ status: 503 });
});

test('refuses a list beyond the limit, and accepts it when another one has ended', async () => {
  await server.stop();
  await serve({ lists: 1 });
  const socket = await openWithoutReading();
  await batchesAtRest();

  const refused = await fetch(path());
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  socket.destroy();
  await eventually(async () => expect((await fetch(path(), { method: 'HEAD' })).status).toBe(200));
});

test('ends the list of a client that disconnects while the first batch is read', async () => {
  await server.stop();
  await serve({ lists: 1 });
  let read!: () => void;
  beforeRead = new Promise<void>((resolve) => (read = resolve));
  const socket = await openWithoutReading();

  socket.destroy();
  await delay(200); // until the server notices it
  read();

  await eventually(async () => expect((await fetch(path(), { method: 'HEAD' })).status).toBe(200));
});

test('ends a list some time after the service began to stop', async () => {
  await server.stop();
  await serve({ stopMs: 300 });
  const socket = await openWithoutReading();
  await batchesAtRest();

  const began = performance.now();
  stopping.abort();
  await server.stop();

  expect(performance.now() - began).toBeLessThan(3_000);
  socket.destroy();
});

test('completes a list that needs less time than the stop allows', async () => {
  await server.stop();
  await serve({ stopMs: 30_000 });
  const outgoing = httpRequest(path()).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];

  stopping.abort();
  const [body] = await Promise.all([text(response), server.stop()]);

  expect(JSON.parse(body)).toHaveLength(ORDERS);
});
