import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { brokerSettings } from '@shop/runtime/environment';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { runAlone } from '@shop/runtime/run-alone';
import { z } from 'zod';
import { callService } from '../../test/call';
import { Queues } from '../../test/queues';
import { createShopDatabase, virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { recordInHistory } from './parked-audit';
import { parkedOperations } from './parked-operations';
import { ParkedQueue } from './parked-queue';
import { failedExchange, parkedQueue, PAYMENT_STAT } from './topology';

// The API of the parked messages, served by two instances.

const url = virtualHostUrl('parked-api');
const PARKED = parkedQueue(PAYMENT_STAT);
let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let queues: Queues;
type Instance = Awaited<ReturnType<typeof serveInstance>>;
let instances: [Instance, Instance];

/** @param actMs how long a request handles messages */
async function serveInstance(amqpUrl = url, { actMs = 20_000, recordMs = 0 } = {}) {
  const settings = z.object(brokerSettings).parse({ AMQP_URL: amqpUrl });
  const parked = new ParkedQueue({
    settings,
    route: PAYMENT_STAT,
    alone: runAlone(database, PARKED),
    recordInHistory: async (action, message) => {
      await recordInHistory(database, action, message);
      await delay(recordMs);
    },
    actMs,
  });
  const app = createHttpApp({
    prefixes: ['/orderManagement'],
    operations: parkedOperations(() => parked),
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
  });
  const server = await serveHttp(app, 0);
  return { url: `http://localhost:${server.port}`, stop: () => server.stop() };
}

beforeAll(async () => {
  shop = await createShopDatabase('parked_api');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  queues = await Queues.open(url);
  instances = [await serveInstance(), await serveInstance()];
});
afterAll(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await queues.close();
  await database.$disconnect();
  await shop.drop();
});
beforeEach(() => queues.declare(PAYMENT_STAT));

/** Parks messages as the consumer does. */
const park = (...bodies: string[]) =>
  queues.onItsOwnChannel(async (channel) => {
    for (const body of bodies) {
      const headers = { 'x-reason': `cannot handle ${body}`, 'x-first-seen': '2026-11-28T10:00:00.000Z' };
      channel.publish(failedExchange(PAYMENT_STAT), PARKED, Buffer.from(body), { headers });
    }
  });

const read = (instance: { url: string }) => callService(instance, 'GET', '/orderManagement/parked-messages');

interface Listed {
  id: string;
  body: string;
}

const call = (method: string, path: string, body?: object, at: 0 | 1 = 0) =>
  callService(instances[at], method, `/orderManagement/parked-messages${path}`, body);
async function list(at: 0 | 1 = 0): Promise<Listed[]> {
  const { status, body } = await call('GET', '', undefined, at);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as Listed[];
}
const idOf = async (body: string): Promise<string> => (await list()).find((message) => message.body === body)!.id;

test('lists the oldest messages with reason and body, and counts all', async () => {
  await park('one', 'two', 'three');

  const { status, body, headers } = await call('GET', '?limit=2');

  expect({ status, body, count: headers.get('x-total-count') }).toEqual({
    status: 200,
    body: [
      {
        id: expect.stringMatching(/^[0-9a-f]{10}$/),
        queue: 'PaymentStat',
        reason: 'cannot handle one',
        firstSeen: '2026-11-28T10:00:00.000Z',
        headers: { 'x-reason': 'cannot handle one', 'x-first-seen': '2026-11-28T10:00:00.000Z' },
        body: 'one',
      },
      expect.objectContaining({ body: 'two' }),
    ],
    count: '3',
  });
});

test('returns the selected message to its queue, and keeps the others in their order', async () => {
  await park('one', 'two', 'three');

  const { body } = await call('POST', '/retry', { ids: [await idOf('two')] });

  expect(body).toMatchObject({ message: '1 message was returned to the queue.' });
  expect((await queues.take(PAYMENT_STAT.queue)).content.toString()).toBe('two');
  expect((await list()).map((message) => message.body)).toEqual(['one', 'three']);
});

test('discards all messages', async () => {
  await park('one', 'two');

  expect((await call('POST', '/discard', { all: true })).body).toMatchObject({ message: '2 messages were discarded.' });
  expect(await list()).toEqual([]);
});

/** Returns the id of a message that `park` has parked, without reading the queue. */
const computedId = (body: string): string =>
  createHash('sha256').update(PAYMENT_STAT.queue).update(body).digest('hex').slice(0, 10);

test('reads no further message when the selected ones were handled', async () => {
  await park('one', 'two', 'three');

  const { body } = await call('POST', '/discard', { ids: [computedId('one')] });

  expect(body).toMatchObject({ ids: [computedId('one')] });
  const next = await queues.take(PARKED);
  expect([next.content.toString(), next.fields.redelivered]).toEqual(['two', false]);
});

test('examines the oldest 1,000 messages for a selected one', async () => {
  const bodies = Array.from({ length: 1_001 }, (_, number) => `message ${number}`);
  await park(...bodies);

  const { body } = await call('POST', '/discard', { ids: ['message 999', 'message 1000'].map(computedId) });

  expect(body).toMatchObject({ ids: [computedId('message 999')] });
});

test('handles all messages for a limited time, and says how many are left', async () => {
  const slow = await serveInstance(url, { actMs: 500, recordMs: 200 });
  await park(...Array.from({ length: 8 }, (_, number) => `message ${number}`));

  const { body } = await callService(slow, 'POST', '/orderManagement/parked-messages/discard', { all: true });

  const [, handled, left] = /^(\d) messages? (?:was|were) discarded\. (\d) are still parked\.$/.exec(
    (body as { message: string }).message,
  )!;
  expect(Number(handled) + Number(left)).toBe(8);
  expect(await queues.waiting(PARKED)).toBe(Number(left));
  await slow.stop();
});

test('reads one list for all who read it at the same time', async () => {
  let uses = 0;
  const parked = new ParkedQueue({
    settings: z.object(brokerSettings).parse({ AMQP_URL: url }),
    route: PAYMENT_STAT,
    alone: (run) => ((uses += 1), run()),
  });
  await park('one', 'two');

  const lists = await Promise.all([parked.list(5), parked.list(5), parked.list(5)]);

  for (const { messages } of lists) expect(messages.map(({ content }) => String(content))).toEqual(['one', 'two']);
  expect(uses).toBe(1);
  expect((await parked.list(1)).messages).toHaveLength(1);
  expect(uses).toBe(2);
});

test('records who handled a message in the history of its order', async () => {
  const orderId = randomUUID();
  await database.order.create({ data: { orderId, orderStatus: 'placed', paymentStatus: 'pending' } });
  await park(JSON.stringify({ orderId }));
  const [{ id }] = (await list()) as [Listed];

  await call('POST', '/discard', { ids: [id] });

  expect(await database.orderEvent.findMany({ where: { orderId } })).toMatchObject([
    { step: 'message-discarded', reason: `PaymentStat ${id}`, actor: 'anonymous' },
  ]);
});

test('names only the messages that it has handled itself, if two people act at the same time', async () => {
  await park('one');
  const ids = [await idOf('one')];

  const answers = await Promise.all(([0, 1, 0, 1] as const).map((at) => call('POST', '/discard', { ids }, at)));

  const handled = answers.map(({ body }) => (body as { ids: string[] }).ids);
  expect(handled.toSorted((a, b) => a.length - b.length)).toEqual([[], [], [], ids]);
});

test('shows every reader all messages, even if several read at the same time from two instances', async () => {
  const bodies = Array.from({ length: 10 }, (_, number) => `message ${number}`);
  await park(...bodies);

  const lists = await Promise.all(([0, 1] as const).map((at) => list(at)));

  for (const messages of lists) expect(messages.map(({ body }) => body)).toEqual(bodies);
});

describe('a selection', () => {
  test.each([[{}], [{ ids: [] }], [{ all: false }], [{ all: true, ids: ['a'] }]])('%j is refused', async (body) => {
    expect(await call('POST', '/discard', body)).toMatchObject({ status: 422, body: { code: 'invalid-fields' } });
  });
});

test('answers 503 with the cause if RabbitMQ is unavailable, and nothing is parked without a broker', async () => {
  const [unavailable, none] = [await serveInstance('amqp://localhost:1'), await serveInstance('none')];

  expect(await read(unavailable)).toMatchObject({
    status: 503,
    body: { detail: expect.stringMatching(/^RabbitMQ is unavailable: .*ECONNREFUSED/) },
  });
  expect(await read(none)).toMatchObject({ status: 200, body: [] });
  await Promise.all([unavailable.stop(), none.stop()]);
});
