import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { serveHttp } from '@shop/runtime/http-server';
import { callService } from '../../test/call';
import { EventClient } from '../../test/event-client';
import { eventually } from '../../test/eventually';
import { following } from '../../test/following';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { TcpProxy } from '../../test/tcp-proxy';
import type { Customer } from '../catalog/customers';
import type { Product } from '../catalog/products';
import { acceptOrder } from '../orders/accept-order';
import { deleteOrder, requestCancel } from '../orders/request-cancel';
import { shipOrder } from '../orders/settle-order';
import { ReadClient } from '../reads/read-client';
import { createOrderApp } from './app';
import { STREAM } from './event-stream';
import type { EventStreamsOptions } from './event-streams';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let customer: Customer;
let mug: Product;
let instance: Instance;
const clients: EventClient[] = [];
const stopping: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  shop = await createShopDatabase('event-streams');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  customer = await aCustomer(database);
  mug = await aProduct(database, { quantityAvailable: 1_000_000 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  instance = await startInstance();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(stopping.splice(0).map((stop) => stop()));
});

type Instance = Awaited<ReturnType<typeof startInstance>>;

/** Starts an order service on the database, in this process. */
async function startInstance(
  options: Omit<EventStreamsOptions, 'feed'> & { url?: string; beforeRead?: Promise<void> } = {},
) {
  const { url = shop.ordersUrl, beforeRead, ...streamOptions } = options;
  const own = connectOrders(url, { poolSize: 4 });
  let reads = 0;
  const readClient = new ReadClient(own);
  const read = readClient.read.bind(readClient);
  readClient.read = async (...query) => {
    reads++;
    await beforeRead;
    return read(...query);
  };
  const held = following(own, { reads: readClient, ...streamOptions });
  const server = await serveHttp(
    createOrderApp({
      log: silentLog,
      readiness: async () => ({ ready: true, checks: {} }),
      database: own,
      reads: readClient,
      starter: { start: () => undefined },
      sagas: { signalCancel: async () => true, refundAgain: async () => undefined },
      backlog: { admit: (accept) => accept() },
      examineAfterMs: 60_000,
      ...held,
    }),
    0,
  );
  let stopped: Promise<unknown> | null = null;
  const stop = () =>
    (stopped ??= Promise.all([server.stop(), held.feed.stop(), held.waits.stop()]).then(() => own.$disconnect()));
  stopping.push(stop);
  return { ...held, stop, url: `http://localhost:${server.port}`, reads: () => reads };
}

const follow = async (path: string, options: { lastEventId?: string; at?: Instance } = {}): Promise<EventClient> => {
  const { at = instance, ...rest } = options;
  const client = await EventClient.open(`${at.url}/orderManagement${path}`, rest);
  clients.push(client);
  return client;
};

async function accepted(customerId = customer.customerId): Promise<string> {
  const outcome = await acceptOrder(
    database,
    { customerId, lines: [{ productId: mug.productId, quantity: 1 }] },
    60_000,
  );
  if (!outcome.accepted) throw new Error('not accepted');
  return outcome.order.orderId;
}

async function shipped(): Promise<string> {
  const orderId = await accepted();
  await shipOrder(database, orderId, randomUUID());
  return orderId;
}

const SHIPPED = ['accepted', 'paid', 'shipped'];

describe('the stream of all orders', () => {
  test('begins now, and delivers what any instance does', async () => {
    const earlier = await shipped();
    await delay(100); // the present is the oldest transaction that runs
    const client = await follow('/order/events');

    const [orderId, paymentId] = [await accepted(), randomUUID()];
    await shipOrder(database, orderId, paymentId);

    await eventually(() => expect(client.steps()).toEqual(SHIPPED));
    expect(client.steps(earlier)).toEqual([]);
    const data = { orderId, customerId: customer.customerId, time: expect.stringMatching(/^\d{4}-.*Z$/) };
    const id = expect.stringMatching(/^\d+-\d+$/);
    expect(client.events).toEqual([
      { id, event: 'accepted', data: { ...data, step: 'accepted', reason: null } },
      { id, event: 'paid', data: { ...data, step: 'paid', reason: `payment ${paymentId}` } },
      { id, event: 'shipped', data: { ...data, step: 'shipped', reason: null } },
    ]);
  });

  test('has headers that keep proxies from buffering and storing it', async () => {
    const { response } = await follow('/order/events');

    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
  });

  test('contains only the selected steps and customers', async () => {
    const other = await aCustomer(database);
    const steps = await follow('/order/events?step=shipped&step=deleted');
    const ofOther = await follow(`/order/events?customer_id=${other.customerId.toUpperCase()}`);

    const orderId = await shipped();
    await deleteOrder(database, orderId);
    const ofThem = await accepted(other.customerId);

    await eventually(() => {
      expect(steps.steps()).toEqual(['shipped', 'deleted']);
      expect(ofOther.events.map(({ data }) => data.orderId)).toEqual([ofThem]);
    });
  });

  test('resumes after the last event, by header or by query parameter', async () => {
    const client = await follow('/order/events');
    const [first, second] = [await shipped(), await shipped()];
    await eventually(() => expect(client.events).toHaveLength(6));
    const id = client.events.at(1)?.id ?? '';

    const byHeader = await follow('/order/events', { lastEventId: id });
    const byQuery = await follow(`/order/events?last_event_id=${id}`);
    const both = await follow(`/order/events?last_event_id=1-0`, { lastEventId: id });
    const third = await shipped();

    for (const resumed of [byHeader, byQuery, both]) {
      await eventually(() => expect(resumed.events).toHaveLength(7));
      expect(resumed.steps(first)).toEqual(['shipped']);
      expect([resumed.steps(second), resumed.steps(third)]).toEqual([SHIPPED, SHIPPED]);
    }
  });

  test('resumes without a gap after a connection that received no event', async () => {
    const client = await follow('/order/events');
    await eventually(() => expect(client.lastEventId).not.toBeNull());
    client.close();
    const orderId = await shipped();

    const resumed = await follow('/order/events', { lastEventId: client.lastEventId! });

    await eventually(() => expect(resumed.steps(orderId)).toEqual(SHIPPED));
  });

  test.each(['x', '1', '1-', '-1-2', '1-2-3', '99999999999999999999-1', ''])(
    'refuses the malformed Last-Event-ID "%s"',
    async (id) => {
      const byHeader = await callService(instance, 'GET', '/orderManagement/order/events', undefined, {
        'Last-Event-ID': id,
      });
      const byQuery = await callService(instance, 'GET', `/orderManagement/order/events?last_event_id=${id}`);

      expect(byHeader).toMatchObject({ status: 400, body: { code: 'invalid-header' } });
      expect(byQuery).toMatchObject({ status: 400, body: { code: 'invalid-query-parameter' } });
    },
  );

  test('refuses an unknown step, and names the steps', async () => {
    expect(await callService(instance, 'GET', '/orderManagement/order/events?step=lost')).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/^step: must be one of accepted, .*, message-discarded$/) },
    });
  });

  test('refuses to resume after an event that the database does not have', async () => {
    const orderId = await shipped();
    const { transactionId, eventId } = await database.orderEvent.findFirstOrThrow({ where: { orderId } });

    for (const id of [`${transactionId}-${eventId + 1_000_000n}`, `${transactionId + 1_000_000_000n}-0`]) {
      expect(
        await callService(instance, 'GET', '/orderManagement/order/events', undefined, { 'Last-Event-ID': id }),
      ).toMatchObject({
        status: 409,
        body: { code: 'unknown-event-position', detail: expect.stringContaining(id) },
      });
    }
  });

  test('catches up with more events than one page has', async () => {
    const client = await follow('/order/events');
    await eventually(() => expect(client.lastEventId).not.toBeNull());
    const lastEventId = client.lastEventId!;
    client.close();
    const orderId = await accepted();
    await database.$executeRaw`
      INSERT INTO order_events (order_id, step, reason)
      SELECT ${orderId}::uuid, 'payment-requested', number::text FROM generate_series(1, 1800) series (number) ORDER BY series.number`;

    const resumed = await follow('/order/events', { lastEventId });

    await eventually(() => expect(resumed.events).toHaveLength(1801));
    expect(resumed.events.slice(1).map(({ data }) => Number(data.reason))).toEqual(
      Array.from({ length: 1800 }, (_, index) => index + 1),
    );
  });
});

describe('the stream of one order', () => {
  test('begins with its first event, and contains no other order', async () => {
    const orderId = await accepted();
    await requestCancel(database, orderId);
    const client = await follow(`/order/${orderId}/events`);
    await eventually(() => expect(client.steps()).toEqual(['accepted', 'cancel-requested']));

    await shipped();
    await shipOrder(database, orderId, randomUUID());
    await deleteOrder(database, orderId);

    await eventually(() =>
      expect(client.steps()).toEqual(['accepted', 'cancel-requested', 'paid', 'cancelled', 'deleted']),
    );
  });

  test('resumes after the last event', async () => {
    const orderId = await shipped();
    const client = await follow(`/order/${orderId}/events`);
    await eventually(() => expect(client.steps()).toEqual(SHIPPED));

    const resumed = await follow(`/order/${orderId}/events`, { lastEventId: client.events.at(0)?.id ?? '' });

    await eventually(() => expect(resumed.steps()).toEqual(SHIPPED.slice(1)));
  });

  test('of an order that does not exist or was deleted is answered with 404', async () => {
    const deleted = await accepted();
    await deleteOrder(database, deleted);

    for (const orderId of [deleted, randomUUID()]) {
      expect(await callService(instance, 'GET', `/orderManagement/order/${orderId}/events`)).toMatchObject({
        status: 404,
      });
    }
  });
});

test('a HEAD request is answered without a stream', async () => {
  const response = await fetch(`${instance.url}/orderManagement/order/events`, { method: 'HEAD' });

  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch('text/event-stream');
  expect(instance.streams.count).toBe(0);
});

test('heartbeats keep a silent stream open, and move its position forward', async () => {
  const beating = await startInstance({ limits: { ...STREAM, heartbeatMs: 50 } });
  const client = await follow('/order/events?step=deleted', { at: beating });
  await eventually(() => expect(client.lastEventId).not.toBeNull());
  const before = client.lastEventId;

  await shipped(); // not selected

  await eventually(() => expect(client.lastEventId).not.toBe(before));
  expect(client.comments).toContain('heartbeat');
  expect(client.retryMs).toBe(STREAM.retryMs);
  expect(client.events).toEqual([]);
});

test('a stream beyond the limit is refused with 503', async () => {
  const small = await startInstance({ maxStreams: 2 });
  const [first] = [await follow('/order/events', { at: small }), await follow('/order/events', { at: small })];

  const refused = await callService(small, 'GET', '/orderManagement/order/events');
  expect(refused).toMatchObject({ status: 503, body: { code: 'too-many-event-streams' } });
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);

  first.close();
  await eventually(() => expect(small.streams.count).toBe(1));
  await follow('/order/events', { at: small });
});

test('a client that disconnects before its stream begins occupies no stream', async () => {
  let read!: () => void;
  const beforeRead = new Promise<void>((resolve) => (read = resolve));
  const slow = await startInstance({ maxStreams: 1, beforeRead });
  const abort = new AbortController();
  const refused = fetch(`${slow.url}/orderManagement/order/events`, { signal: abort.signal }).catch(() => 'aborted');
  await eventually(() => expect(slow.reads()).toBe(1));

  abort.abort();
  await delay(200); // until the server notices it
  read();

  expect(await refused).toBe('aborted');
  await delay(200);
  expect(slow.streams.count).toBe(0);
});

test('an instance without streams reads no events', async () => {
  const client = await follow('/order/events');
  await eventually(() => expect(instance.reads()).toBeGreaterThan(3));
  client.close();
  await eventually(() => expect(instance.streams.count).toBe(0));
  await delay(300);
  const before = instance.reads();

  await delay(600);

  expect(instance.reads()).toBe(before);
  const again = await follow('/order/events');
  const orderId = await shipped();
  await eventually(() => expect(again.steps(orderId)).toEqual(SHIPPED));
});

test('a slow reader is disconnected, resumes, and delays no other', async () => {
  const bounded = await startInstance({ limits: { ...STREAM, maxBufferedBytes: 20_000 } });
  const [slow, fast] = [await follow('/order/events', { at: bounded }), await follow('/order/events', { at: bounded })];
  await eventually(() => expect(slow.lastEventId).not.toBeNull());
  slow.response.pause();
  const orderId = await accepted();
  const written: number[] = [];
  const reason = 'x'.repeat(2_000);
  for (let batch = 0; bounded.streams.count === 2; batch++) {
    if (batch > 500) throw new Error('The slow reader is still connected.');
    await database.$executeRaw`
      INSERT INTO order_events (order_id, step, reason)
      SELECT ${orderId}::uuid, 'payment-requested', number || ${reason}
      FROM generate_series(${batch * 200}::int, ${batch * 200 + 199}::int) number ORDER BY number`;
    for (let number = 0; number < 200; number++) written.push(batch * 200 + number);
    await eventually(() => expect(fast.events.length).toBeGreaterThanOrEqual(written.length));
  }

  slow.response.resume();
  await slow.ended;
  const resumed = await follow('/order/events', { at: bounded, lastEventId: slow.lastEventId! });

  const received = () => [...slow.events, ...resumed.events].filter(({ event }) => event === 'payment-requested');
  await eventually(() => expect(received()).toHaveLength(written.length));
  expect(received().map(({ data }) => Number.parseInt(data.reason!, 10))).toEqual(written);
});

test('the streams end at once when the service stops, and a client resumes at another instance', async () => {
  const other = await startInstance();
  const client = await follow('/order/events');
  const first = await shipped();
  await eventually(() => expect(client.steps(first)).toEqual(SHIPPED));
  const before = performance.now();

  await instance.stop();
  await client.ended;

  expect(performance.now() - before).toBeLessThan(3_000);
  const second = await shipped();
  const resumed = await follow('/order/events', { at: other, lastEventId: client.lastEventId! });
  await eventually(() => expect(resumed.steps(second)).toEqual(SHIPPED));
  expect(resumed.steps(first)).toEqual([]);
});

test('an outage of the database ends no stream and loses no event', async () => {
  const proxy = await TcpProxy.to(shop.ordersUrl);
  const cutOff = await startInstance({ url: proxy.url, limits: { ...STREAM, heartbeatMs: 50 } });
  const client = await follow('/order/events', { at: cutOff });
  const first = await shipped();
  await eventually(() => expect(client.steps(first)).toEqual(SHIPPED));

  await proxy.stop();
  const second = await shipped();
  const beats = client.comments.length;
  await eventually(() => expect(client.comments.length).toBeGreaterThan(beats + 5));
  expect(client.steps(second)).toEqual([]);
  expect(client.comments.at(-1)).toBe('delayed');
  await proxy.restart();

  await eventually(() => expect(client.steps(second)).toEqual(SHIPPED));
  await eventually(() => expect(client.comments.at(-1)).toBe('heartbeat'));
  await cutOff.stop();
  await proxy.stop();
});

test('a stream ends if the database has lost its last events, and cannot be resumed', async () => {
  const client = await follow('/order/events');
  const orderId = await shipped();
  await eventually(() => expect(client.steps(orderId)).toEqual(SHIPPED));

  await database.order.delete({ where: { orderId } });
  await shipped();

  await client.ended;
  const answer = await callService(instance, 'GET', '/orderManagement/order/events', undefined, {
    'Last-Event-ID': client.events.at(-1)?.id ?? '',
  });
  expect(answer).toMatchObject({ status: 409, body: { code: 'unknown-event-position' } });
});
