import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Broker } from '@shop/amqp/broker';
import { Consumer, type ConsumerOptions } from '@shop/amqp/consumer';
import { idempotentQueue } from '@shop/amqp/idempotent-consumers';
import { PAYMENT_STAT, PROCESS_PAYMENT, retryQueue } from '@shop/amqp/topology';
import { UnavailableError } from '@shop/runtime/fault';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { eventually } from '../../test/eventually';
import { Gate } from '../../test/gate';
import { Queues } from '../../test/queues';
import { virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { AdoptionPolicy, type AdoptionPolicyOptions } from './adoption-policy';

// Uses a real broker, because only it knows what it counts: messages that a consumer holds are not ready.
const HANDLED_WITHIN_MS = 30_000;
const LONGEST_HOLD_MS = 32 * 60_000;
const MAY = { which: 'all', reason: '' };

let queues: Queues;
let broker: Broker;
let elapsedMs = 0; // the policy's clock
const open: { close: () => Promise<void> }[] = [];

beforeAll(async () => {
  queues = await Queues.open(virtualHostUrl('adoption'));
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  broker = await aBroker();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  await eventually(async () => expect(await queues.consumers(PROCESS_PAYMENT.queue)).toBe(0));
  await eventually(async () => expect(await queues.consumers(idempotentQueue(PROCESS_PAYMENT))).toBe(0));
});
afterAll(async () => {
  await broker.stop();
  await queues.close();
});

async function aBroker(): Promise<Broker> {
  const created = new Broker({ url: virtualHostUrl('adoption'), connectionName: 'test', log: silentLog });
  await created.open();
  await eventually(() => expect(created.isUp).toBe(true));
  return created;
}

const aPolicy = (options: Partial<AdoptionPolicyOptions> = {}): AdoptionPolicy =>
  new AdoptionPolicy({
    mode: 'ask',
    broker,
    consumer: { isUp: true },
    handledWithinMs: HANDLED_WITHIN_MS,
    now: () => elapsedMs,
    ...options,
  });

/** Checks twice, with the given time between. */
async function checkTwice(policy: AdoptionPolicy, apartMs: number) {
  await policy.check();
  elapsedMs += apartMs;
  return policy.check();
}

/** Starts a payment service that holds every request, as a slow one does: it acknowledges none. */
async function aSlowPaymentService(): Promise<{ channel: Channel; connection: ChannelModel }> {
  const connection = await connect(virtualHostUrl('adoption'));
  const channel = await connection.createChannel();
  await channel.consume(PROCESS_PAYMENT.queue, () => undefined);
  open.push({ close: () => connection.close().catch(() => undefined) });
  return { channel, connection };
}

const unavailable = (): Promise<never> => Promise.reject(new UnavailableError('PostgreSQL is unavailable.'));

/** Starts a payment service that announces that it charges each order once. By default it holds every request, too. */
async function payment(options: Partial<ConsumerOptions> = {}): Promise<void> {
  const end = new Gate();
  const ours = new Broker({ url: virtualHostUrl('adoption'), connectionName: 'test', log: silentLog });
  const consumer = new Consumer({
    broker: ours,
    route: PROCESS_PAYMENT,
    log: silentLog,
    handle: () => end.opened.then(() => ({ outcome: 'duplicate' })),
    probe: async () => undefined,
    announcesIdempotence: true,
    ...options,
  });
  await ours.open();
  open.push({
    close: async () => {
      end.open();
      await consumer.stop();
      await ours.stop();
    },
  });
  await eventually(async () => expect(await queues.consumers(idempotentQueue(PROCESS_PAYMENT))).toBe(1));
}

test('allows adoption when both queues were empty for as long as an answer can be in a consumer', async () => {
  const policy = aPolicy();

  expect(await checkTwice(policy, HANDLED_WITHIN_MS - 1)).toMatchObject({ which: 'none' });
  elapsedMs += 1;
  expect(await policy.check()).toEqual(MAY);
});

test('begins anew with each start of the service', async () => {
  expect(await checkTwice(aPolicy(), HANDLED_WITHIN_MS)).toEqual(MAY);

  expect(await aPolicy().check()).toMatchObject({ which: 'none' });
});

test.each([
  ['payment requests', PROCESS_PAYMENT.queue],
  ['payment answers', PAYMENT_STAT.queue],
  ['payment requests that are retried later', retryQueue(PROCESS_PAYMENT)],
  ['payment answers that are retried later', retryQueue(PAYMENT_STAT)],
])('allows no adoption while %s are in their queue', async (_, queue) => {
  await queues.send({ exchange: '', routingKey: queue, queue }, { orderId: 'of the original' });

  const adoption = await checkTwice(aPolicy(), LONGEST_HOLD_MS);

  expect(adoption).toEqual({ which: 'none', reason: `messages wait in ${queue}` });
});

test('allows no adoption while another payment service may hold requests without an acknowledgement', async () => {
  await queues.send(PROCESS_PAYMENT, { orderId: 'of the original' });
  const { channel, connection } = await aSlowPaymentService();
  await eventually(async () => expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(0));
  const policy = aPolicy();
  expect(await checkTwice(policy, LONGEST_HOLD_MS - 1)).toMatchObject({ which: 'none' });

  await connection.close(); // RabbitMQ delivers its messages again
  await eventually(async () => expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(1));
  elapsedMs += LONGEST_HOLD_MS;
  expect(await policy.check()).toMatchObject({ which: 'none', reason: expect.stringMatching(/^messages wait/) });
  await expect(channel.close()).rejects.toThrow();
});

test('allows adoption beside another payment service after the longest time that RabbitMQ lets it hold a request', async () => {
  await aSlowPaymentService();

  expect(await checkTwice(aPolicy(), LONGEST_HOLD_MS)).toEqual(MAY);
});

test('begins anew if a payment service starts or stops, because its messages are delivered again', async () => {
  await aSlowPaymentService();
  const policy = aPolicy();
  await policy.check();
  await aSlowPaymentService();

  elapsedMs += LONGEST_HOLD_MS;
  expect(await policy.check()).toMatchObject({ which: 'none' });
});

test('allows adoption under load if only payment-processing handles requests, because it charges each order once', async () => {
  await payment();
  await queues.send(PROCESS_PAYMENT, { orderId: 'held by payment-processing' });
  const policy = aPolicy();
  await queues.send({ exchange: '', routingKey: retryQueue(PROCESS_PAYMENT), queue: '' }, { orderId: 'retried' });

  expect(await checkTwice(policy, HANDLED_WITHIN_MS)).toEqual(MAY);
});

test('does not count payment-processing as the other payment service if both run', async () => {
  await payment();
  await aSlowPaymentService();

  expect(await checkTwice(aPolicy(), HANDLED_WITHIN_MS)).toMatchObject({
    which: 'none',
    reason: expect.stringMatching(/^another payment service/),
  });
});

test('counts payment-processing as no payment service while it is paused, so that requests of another one matter', async () => {
  await payment({ handle: unavailable, probe: unavailable });
  await queues.send(PROCESS_PAYMENT, { orderId: 'of the original' });
  await eventually(async () => expect(await queues.consumers(PROCESS_PAYMENT.queue)).toBe(0));
  await eventually(async () => expect(await queues.waiting(PROCESS_PAYMENT.queue)).toBe(1));
  await aSlowPaymentService();
  await queues.send({ exchange: '', routingKey: retryQueue(PROCESS_PAYMENT), queue: '' }, { orderId: 'retried' });

  expect(await checkTwice(aPolicy(), HANDLED_WITHIN_MS)).toMatchObject({ which: 'none' });
});

test.each([
  ['its consumer of answers does not run', { consumer: { isUp: false } }],
  ['RabbitMQ does not answer', { broker: { inspect: () => Promise.reject(new Error('not connected')) } }],
])('allows no adoption, and begins anew, if %s', async (_, outage) => {
  const options = { mode: 'ask', broker, consumer: { isUp: true } as { isUp: boolean } } as const;
  const changing: AdoptionPolicyOptions = { ...options, handledWithinMs: HANDLED_WITHIN_MS, now: () => elapsedMs };
  const policy = new AdoptionPolicy(changing);
  expect(await checkTwice(policy, HANDLED_WITHIN_MS)).toEqual(MAY);

  Object.assign(changing, outage);
  expect(await policy.check()).toMatchObject({ which: 'none' });
  Object.assign(changing, options);
  expect(await policy.check()).toMatchObject({ which: 'none' });
});

test('adopts only released orders if ADOPT is hold', async () => {
  expect(await checkTwice(aPolicy({ mode: 'hold' }), HANDLED_WITHIN_MS)).toMatchObject({ which: 'released' });
});

test('needs no queues without a broker', async () => {
  expect(await aPolicy({ broker: null, consumer: null }).check()).toEqual(MAY);
});
