import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Options } from 'amqplib';
import { Broker, BrokerUnavailableError } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { ADOPTED_HEADER, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { connectPayments, type PaymentsClient } from '@shop/prisma/clients';
import { eventually } from '../../test/eventually';
import { Queues } from '../../test/queues';
import { TcpProxy } from '../../test/tcp-proxy';
import { createShopDatabase, virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { Ledger } from './ledger';
import { createPaymentRequestHandler } from './payment-requests';

let server: Awaited<ReturnType<typeof createShopDatabase>>;
let database: PaymentsClient;
let queues: Queues;
let broker: Broker;
let consumer: Consumer;
let outcomes: string[];
const stopping: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await createShopDatabase('payments');
  database = connectPayments(server.paymentsUrl, { poolSize: 5 });
  queues = await Queues.open(virtualHostUrl('payments'));
});
afterAll(async () => {
  await queues.close();
  await database.$disconnect();
  await server.drop();
});

beforeEach(async () => {
  outcomes = [];
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  broker = new Broker({ url: virtualHostUrl('payments'), connectionName: 'test', log: silentLog });
});
afterEach(async () => {
  await consumer.stop();
  await broker.stop();
  for (const stop of stopping.splice(0)) await stop();
});

/** Consumes payment requests as the service does. `publisher` publishes the answers. */
async function serve(publisher: Pick<Broker, 'send'> = broker, ledgerOn = database): Promise<void> {
  consumer = new Consumer({
    broker,
    route: PROCESS_PAYMENT,
    log: silentLog,
    handle: createPaymentRequestHandler({ ledger: new Ledger(ledgerOn, silentLog), broker: publisher }),
    probe: async () => void (await ledgerOn.$queryRaw`SELECT 1`),
    count: (outcome) => void outcomes.push(outcome),
  });
  await broker.open();
}

const aRequest = (totalAmount = 90) => ({ orderId: randomUUID(), customerId: randomUUID(), totalAmount });

const send = (message: string | object): Promise<void> => queues.send(PROCESS_PAYMENT, message);

async function takeAnswer(): Promise<Record<string, unknown>> {
  return JSON.parse((await queues.take('PaymentStat')).content.toString()) as Record<string, unknown>;
}

const payments = (orderId: string) => database.payment.findMany({ where: { orderId } });

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

describe('a request', () => {
  beforeEach(() => serve());

  test.each([
    [90, true, ''],
    [45.5, true, ''],
    [1000, true, ''],
    [1000.01, false, 'total amount over $1000'],
    [1000.004, false, 'total amount over $1000'],
    [1000.005, false, 'total amount over $1000'],
    [1000.0000000001, false, 'total amount over $1000'],
    [1e16, false, 'total amount over $1000'],
    [1e21, false, 'total amount over $1000'],
    [Number.MAX_VALUE, false, 'total amount over $1000'],
    [0, true, ''],
    [1e-7, true, ''],
    [Number.MIN_VALUE, true, ''],
    [-5, true, ''],
    [-Number.MAX_VALUE, true, ''],
  ])('for $%d is answered with the fields of the contract and success %s', async (totalAmount, success, reason) => {
    const request = aRequest(totalAmount);
    const before = Date.now();
    await send(request);

    const answer = await takeAnswer();

    expect(answer).toEqual({
      ...request,
      paymentId: expect.stringMatching(UUID),
      success,
      reason,
      paidAt: expect.stringMatching(RFC_3339),
    });
    expect(Math.abs(Date.parse(String(answer['paidAt'])) - before)).toBeLessThan(60_000);
  });

  test.each([
    [90, '90.00'],
    [1000.004, '1000.004'],
    [1e21, '1000000000000000000000'],
  ])('for $%d is stored as it was sent', async (totalAmount, amount) => {
    const request = aRequest(totalAmount);
    await send(request);
    await takeAnswer();

    const [stored] = await database.$queryRaw<{ amount: string }[]>`
      SELECT amount::text FROM payments WHERE order_id = ${request.orderId}::uuid`;
    expect(stored).toEqual({ amount });
  });

  test('is answered once and removed from its queue', async () => {
    await send(aRequest());
    await takeAnswer();
    await consumer.stop();
    await broker.stop();

    expect(await queues.waiting('PaymentStat')).toBe(0);
    expect(await queues.waiting('processPayment')).toBe(0);
  });

  test('that is repeated is answered with the same payment', async () => {
    const request = aRequest();
    await send(request);
    const first = await takeAnswer();

    await send(request);

    expect(await takeAnswer()).toEqual(first);
    expect(await payments(request.orderId)).toHaveLength(1);
  });

  test('may have field names and ids in any case, and additional fields', async () => {
    const { orderId, customerId } = aRequest();
    await send({ OrderID: orderId.toUpperCase(), customerid: customerId, TOTALAMOUNT: 90, currency: 'USD' });

    expect(await takeAnswer()).toMatchObject({ orderId, customerId, totalAmount: 90, success: true });
  });
});

describe('a request that contradicts the first one of its order', () => {
  beforeEach(() => serve());

  test.each<[string, (first: ReturnType<typeof aRequest>) => object, RegExp]>([
    ['a lower amount', (first) => ({ ...first, totalAmount: 0.01 }), /^totalAmount is 0.01, but .* payment of 90.00$/],
    ['an amount that is a cent higher', (first) => ({ ...first, totalAmount: 90.01 }), /^totalAmount is 90.01, but /],
    ['an amount over the limit', (first) => ({ ...first, totalAmount: 1e21 }), /^totalAmount is 1e\+21, but /],
    ['another customer', (first) => ({ ...first, customerId: randomUUID() }), /^customerId is .*, but /],
    ['no customer', (first) => ({ ...first, customerId: undefined }), /^customerId is 00000000-.*, but /],
  ])('by %s is parked with the reason, and not answered', async (_, contradict, reason) => {
    const first = aRequest();
    await send(first);
    const answer = await takeAnswer();

    await send(contradict(first));

    const { properties } = await queues.take(parkedQueue(PROCESS_PAYMENT));
    expect(properties.headers?.['x-reason']).toMatch(reason);
    expect(await queues.waiting('PaymentStat')).toBe(0);
    await send(first);
    expect(await takeAnswer()).toEqual(answer);
  });

  test.each([
    [0.1 + 0.2, 0.3],
    [1000.004, 1000],
    [19.99 * 3, 59.97],
    [1e21, 1e21],
  ])('is none if the amounts %d and %d are equal to the cent', async (amount, again) => {
    const first = aRequest(amount);
    await send(first);
    const { paymentId, success } = await takeAnswer();

    await send({ ...first, totalAmount: again });

    expect(await takeAnswer()).toMatchObject({ paymentId, success, totalAmount: again });
  });
});

test.each([
  ['a header of its sender', { [ADOPTED_HEADER]: true }],
  [
    'the header of a copy that was retried',
    { 'x-first-seen': '2026-01-01', [`sender.headers.${ADOPTED_HEADER}`]: 'true' },
  ],
])('answers a request for an adopted order with the amount that was charged before: %s', async (_, headers) => {
  await serve();
  const first = aRequest();
  await send(first);
  const answer = await takeAnswer();

  await queues.sendWith(PROCESS_PAYMENT, { headers }, { ...first, totalAmount: 75 });

  expect(await takeAnswer()).toEqual(answer);
  expect(await queues.waiting(parkedQueue(PROCESS_PAYMENT))).toBe(0);
});

test.each([
  ['a list', [true]],
  ['a table that is not text', { toString: 'true', valueOf: 'true' }],
])('takes a request for one of our orders if its header x-adopted is %s', async (_, header) => {
  await serve();
  const first = aRequest();
  await send(first);
  await takeAnswer();

  await queues.sendWith(PROCESS_PAYMENT, { headers: { [ADOPTED_HEADER]: header } }, { ...first, totalAmount: 75 });

  const { properties } = await queues.take(parkedQueue(PROCESS_PAYMENT));
  expect(properties.headers?.['x-reason']).toMatch(/^totalAmount is 75.00, but /);
});

test('declines the payment of an order that was cancelled before', async () => {
  await serve();
  const request = aRequest();
  await new Ledger(database, silentLog).refund({ orderId: request.orderId });

  await send(request);

  const reason = 'order was cancelled before it was paid';
  expect(await takeAnswer()).toMatchObject({ ...request, success: false, reason });
  expect(await payments(request.orderId)).toMatchObject([{ status: 'void' }]);
});

test('requeues a request once while PostgreSQL is unavailable, and answers it afterwards', async () => {
  const proxy = await TcpProxy.to(server.paymentsUrl);
  const proxied = connectPayments(proxy.url, { poolSize: 2 });
  stopping.push(
    () => proxied.$disconnect(),
    () => proxy.close(),
  );
  await serve(broker, proxied);
  await proxy.stop();
  const request = aRequest();
  await send(request);
  await eventually(() => expect(outcomes).toEqual(['requeued']));
  await eventually(async () => expect(await queues.waiting('processPayment')).toBe(1));

  await proxy.restart();

  expect(await takeAnswer()).toMatchObject({ ...request, success: true });
  await eventually(() => expect(outcomes).toEqual(['requeued', 'answered']));
  expect(await payments(request.orderId)).toHaveLength(1);
});

test('retries a request while its table is missing, without a pause, and answers it afterwards', async () => {
  await serve();
  await database.$executeRaw`ALTER TABLE payments RENAME TO misspelt`;
  const request = aRequest();
  await send(request);
  await eventually(() => expect(outcomes).toEqual(['retried']));
  expect(consumer.isUp).toBe(true);

  await database.$executeRaw`ALTER TABLE misspelt RENAME TO payments`;

  expect(await takeAnswer()).toMatchObject({ ...request, success: true });
});

test('keeps a request whose row is locked, and answers those behind it', async () => {
  const locked = aRequest();
  await new Ledger(database, silentLog).charge({ ...locked, totalAmount: '90.00' });
  const name = new URL(server.paymentsUrl).pathname.slice(1);
  await database.$executeRawUnsafe(`ALTER DATABASE "${name}" SET lock_timeout TO '100ms'`);
  const ledgerOn = connectPayments(server.paymentsUrl, { poolSize: 2 });
  stopping.push(() => ledgerOn.$disconnect());
  await serve(broker, ledgerOn);
  const behind = aRequest();

  await database.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT FROM payments WHERE order_id = ${locked.orderId}::uuid FOR UPDATE`;
    await queues.send(PROCESS_PAYMENT, locked, behind);
    expect(await takeAnswer()).toMatchObject(behind);
    await eventually(() => expect(outcomes.toSorted()).toEqual(['answered', 'retried']));
  });

  expect(await takeAnswer()).toMatchObject(locked);
  await database.$executeRawUnsafe(`ALTER DATABASE "${name}" RESET lock_timeout`);
});

describe('a payment is stored before it is answered', () => {
  test('and the request stays in its queue until the answer is published', async () => {
    let unavailable = true;
    await serve({
      send: async (route, message) => {
        if (unavailable) throw new BrokerUnavailableError('by the test');
        await broker.send(route, message);
      },
    });
    const request = aRequest();
    await send(request);

    await eventually(async () => expect(await payments(request.orderId)).toHaveLength(1));
    expect(await queues.waiting('PaymentStat')).toBe(0);
    unavailable = false;

    const [payment] = await payments(request.orderId);
    expect(await takeAnswer()).toMatchObject({ paymentId: payment?.paymentId, success: true });
    expect(await payments(request.orderId)).toEqual([payment]);
  });

  test('and the request is requeued if the service stops before it can answer', async () => {
    await serve({ send: () => Promise.reject(new BrokerUnavailableError('by the test')) });
    const request = aRequest();
    await send(request);
    await eventually(async () => expect(await payments(request.orderId)).toHaveLength(1));

    await consumer.stop();
    await broker.stop();

    expect(await queues.waiting('processPayment')).toBe(1);
  });
});

test.each([
  ['is not JSON', 'pay me', /^not JSON/],
  ['has an id that is not a UUID', { ...aRequest(), customerId: 'John' }, /^customerId: /],
  ['has an amount that no double can hold', `{"totalAmount": 1e400}`, /^totalAmount: /],
  ['has an amount that is a string', { ...aRequest(), totalAmount: '90' }, /^totalAmount: /],
])('parks a request that %s, with the reason', async (_, message, reason) => {
  await serve();
  await send(message);

  const { content, properties } = await queues.take(parkedQueue(PROCESS_PAYMENT));

  expect(content.toString()).toBe(typeof message === 'string' ? message : JSON.stringify(message));
  expect(properties.headers?.['x-reason']).toMatch(reason);
  expect(await queues.waiting('PaymentStat')).toBe(0);
});

test.each<[string, Options.Publish]>([
  ['headers longer than the client can encode again', { headers: { long: 'x'.repeat(65_400) } }],
  ['a name that begins with an exclamation mark', { headers: { nested: { '': { '!': 'float', value: 1 } } } }],
  ['CC, which names their queue', { headers: { CC: ['processPayment'] } }],
])('101 unreadable messages with %s do not hold up a request behind them', async (_, properties) => {
  await queues.sendWith(PROCESS_PAYMENT, properties, ...Array.from({ length: 101 }, () => 'pay me'));
  const request = aRequest();
  await send(request);
  await serve();

  expect(await takeAnswer()).toMatchObject({ ...request, success: true });
  await eventually(async () => expect(await queues.waiting(parkedQueue(PROCESS_PAYMENT))).toBe(101));
  await consumer.stop();
  expect(await queues.waiting('processPayment')).toBe(0);
  expect(outcomes).toHaveLength(102);
});

test('answers or parks ten thousand messages, and charges each order once', async () => {
  const requests = Array.from({ length: 1_000 }, () => aRequest());
  await queues.send(PROCESS_PAYMENT, ...Array.from({ length: 1_000 }, () => 'pay me'));
  for (let times = 0; times < 9; times++) await queues.send(PROCESS_PAYMENT, ...requests);
  await serve();

  await eventually(async () => {
    // More than 9,000 if a connection broke: some answers are then published twice.
    expect(await queues.waiting('PaymentStat')).toBeGreaterThanOrEqual(9_000);
    expect(await queues.waiting(parkedQueue(PROCESS_PAYMENT))).toBe(1_000);
  }, 120_000);
  await consumer.stop();
  expect(await queues.waiting('processPayment')).toBe(0);
  const orderIds = requests.map(({ orderId }) => orderId);
  expect(await database.payment.count({ where: { orderId: { in: orderIds } } })).toBe(1_000);
}, 300_000);
