import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChannelModel, Options } from 'amqplib';
import { eventually } from '../../test/eventually';
import { Queues } from '../../test/queues';
import { TcpProxy } from '../../test/tcp-proxy';
import { virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { Broker, BrokerUnavailableError } from './broker';
import { Consumer } from './consumer';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from './topology';

let queues: Queues;
let proxy: TcpProxy;
let broker: Broker;
/** Every connection that the broker has set up. */
let connections: ChannelModel[];

beforeAll(async () => {
  queues = await Queues.open(virtualHostUrl('amqp'));
});
afterAll(() => queues.close());

beforeEach(async () => {
  for (const route of [PAYMENT_STAT, PROCESS_PAYMENT]) await queues.remove(route);
  proxy = await TcpProxy.to(virtualHostUrl('amqp'));
  connections = [];
  broker = new Broker({ url: proxy.url, connectionName: 'test', log: silentLog });
  broker.use(async (model) => void connections.push(model));
});
afterEach(async () => {
  await broker.stop();
  await proxy.close();
});

async function open(): Promise<void> {
  await broker.open();
  await connectedTimes(1);
}

const connectedTimes = (count: number): Promise<void> =>
  eventually(() => {
    expect(connections).toHaveLength(count);
    expect(broker.isUp).toBe(true);
  });

const publish = (): Promise<void> => broker.publish('', PAYMENT_STAT.queue, Buffer.from('{}'));
const park = (): Promise<void> => broker.publish('', parkedQueue(PAYMENT_STAT), Buffer.from('{}'));

describe('the topology', () => {
  beforeEach(open);

  const originalArguments = { durable: true, exclusive: false, autoDelete: false };

  test.each([
    ['paymentProcessing', 'processPayment'],
    ['orderManagement', 'PaymentStat'],
  ])('has the exchange %s and the queue %s with the arguments of the original system', async (exchange, queue) => {
    await queues.onItsOwnChannel(async (channel) => {
      await channel.assertExchange(exchange, 'topic', { durable: true, autoDelete: false, internal: false });
      await channel.assertQueue(queue, originalArguments);
    });
    const exchanged = { exchange, queue, routingKey: queue };
    await queues.send(exchanged, 'routed');
    expect((await queues.take(queue)).content.toString()).toBe('routed');
  });

  test.each<[string, Options.AssertQueue]>([
    ['dead-lettering', { deadLetterExchange: '' }],
    ['a time to live', { messageTtl: 1_000 }],
    ['quorum', { arguments: { 'x-queue-type': 'quorum' } }],
  ])('has no queue with %s', async (_, more) => {
    for (const queue of ['processPayment', 'PaymentStat']) {
      const redeclared = queues.onItsOwnChannel((channel) =>
        channel.assertQueue(queue, { ...originalArguments, ...more }),
      );
      await expect(redeclared).rejects.toMatchObject({ code: 406 });
    }
  });
});

describe('publishing', () => {
  beforeEach(open);

  test('sends persistent JSON with the content type of the original system', async () => {
    await broker.send(PAYMENT_STAT, { success: true });

    const { content, properties } = await queues.take('PaymentStat');
    expect(content.toString()).toBe('{"success":true}');
    expect(properties).toMatchObject({ contentType: 'text/json', deliveryMode: 2 });
  });

  test('resolves only after the confirmation', async () => {
    proxy.holdResponses();
    let confirmed = false;
    const published = publish().finally(() => (confirmed = true));

    await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(1));
    expect(confirmed).toBe(false);

    proxy.dropConnections();
    await expect(published).rejects.toThrow(BrokerUnavailableError);
  });

  test('rejects if the broker does not confirm in time', async () => {
    proxy.holdResponses();
    await expect(publish()).rejects.toThrow(
      new BrokerUnavailableError('RabbitMQ did not confirm PaymentStat in time.'),
    );

    proxy.dropConnections();
    await connectedTimes(2);
  });

  test('writes no copy of a message that is unconfirmed', async () => {
    proxy.holdResponses();
    const message = { orderId: randomUUID() };
    await expect(broker.send(PAYMENT_STAT, message)).rejects.toThrow(BrokerUnavailableError);

    const sent = [broker.send(PAYMENT_STAT, message), broker.send(PAYMENT_STAT, { orderId: 'another' })];

    await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(2)); // also the second message, which was written later
    proxy.dropConnections();
    for (const one of await Promise.allSettled(sent)) expect(one.status).toBe('rejected');
    await connectedTimes(2);
    await broker.send(PAYMENT_STAT, message);
    expect(await queues.waiting('PaymentStat')).toBe(3);
  });

  test('writes no copy of a message that was confirmed after every caller had timed out', async () => {
    proxy.holdResponses();
    const message = { orderId: randomUUID() };
    await expect(broker.send(PAYMENT_STAT, message)).rejects.toThrow(BrokerUnavailableError);
    proxy.releaseResponses();
    await broker.send(PAYMENT_STAT, { orderId: 'another' }); // confirmed after it

    await broker.send(PAYMENT_STAT, message);
    expect(await queues.waiting('PaymentStat')).toBe(2);
    await broker.send(PAYMENT_STAT, message);
    expect(await queues.waiting('PaymentStat')).toBe(3);
  });

  test('writes an equal message again after the confirmation', async () => {
    for (let times = 0; times < 2; times++) await broker.send(PAYMENT_STAT, {});

    expect(await queues.waiting('PaymentStat')).toBe(2);
  });

  test('rejects a message that no queue receives', async () => {
    const lost = broker.publish('orderManagement', 'nobody', Buffer.from('{}'));

    await expect(lost).rejects.toThrow(new BrokerUnavailableError('No queue is bound to orderManagement/nobody.'));
    await expect(publish()).resolves.toBeUndefined();
  });

  test('declares a deleted queue again after it could not publish to it', async () => {
    await queues.onItsOwnChannel((channel) => channel.deleteQueue(parkedQueue(PAYMENT_STAT)));
    await expect(park()).rejects.toThrow(BrokerUnavailableError);

    await eventually(park);
    expect(await queues.waiting(parkedQueue(PAYMENT_STAT))).toBe(1);
  });
});

test('the count of messages rejects if the broker does not answer in time', async () => {
  await open();
  expect((await broker.inspect('PaymentStat')).messages).toBe(0);
  proxy.holdResponses();

  await expect(broker.inspect('PaymentStat')).rejects.toThrow(
    new BrokerUnavailableError('RabbitMQ did not count the messages of PaymentStat in time.'),
  );
  proxy.dropConnections();
});

describe('a broker is unavailable', () => {
  test('before it is opened', async () => {
    expect(broker.isUp).toBe(false);
    await expect(publish()).rejects.toThrow(new BrokerUnavailableError('RabbitMQ is not connected.'));
  });

  test('while RabbitMQ is unavailable, although open() resolves', async () => {
    const unreachable = new Broker({ url: 'amqp://localhost:1', connectionName: 'test', log: silentLog });
    await unreachable.open();

    await expect(unreachable.send(PAYMENT_STAT, {})).rejects.toThrow(BrokerUnavailableError);
    await unreachable.stop();
  });

  test('after it is stopped', async () => {
    await open();
    await broker.stop();

    await expect(publish()).rejects.toThrow(BrokerUnavailableError);
  });
});

test.each([
  ['does not answer', () => proxy.holdResponses()],
  ['drops the connection at the same time', () => proxy.dropConnections()],
])(
  'stops even if RabbitMQ %s',
  async (_, fail) => {
    await open();
    fail();
    await broker.stop();
  },
  30_000,
);

describe('a broker reconnects', () => {
  test('after its connection breaks, and declares the topology again', async () => {
    await open();
    await queues.remove(PAYMENT_STAT);

    proxy.dropConnections();

    await connectedTimes(2);
    await expect(broker.send(PAYMENT_STAT, {})).resolves.toBeUndefined();
  });

  test('after its connection breaks during the set-up', async () => {
    broker.use(async (model) => {
      if (connections.length > 1) return;
      proxy.dropConnections();
      await model.createChannel(); // never answered
    });
    await broker.open();

    await connectedTimes(2);
    await expect(publish()).resolves.toBeUndefined();
  });

  test('after RabbitMQ closes the publishing channel', async () => {
    await open();

    await expect(broker.publish('no such exchange', '', Buffer.from('{}'))).rejects.toThrow(BrokerUnavailableError);

    await connectedTimes(2);
    await expect(publish()).resolves.toBeUndefined();
  });

  test('after RabbitMQ closes another channel of the connection', async () => {
    let channel: Awaited<ReturnType<Broker['channel']>> | undefined;
    broker.use(async (model) => void (channel ??= await broker.channel(model)));
    await open();
    await eventually(() => expect(channel).toBeDefined());

    void channel?.checkQueue(`no such queue ${randomUUID()}`).catch(() => undefined);

    await connectedTimes(2);
    await expect(publish()).resolves.toBeUndefined();
  });

  test.each([
    ['the connection breaks', async () => proxy.dropConnections()],
    ['the queue is deleted', () => queues.onItsOwnChannel((channel) => channel.deleteQueue(PAYMENT_STAT.queue))],
  ])('with its consumers after %s', async (_, breakIt) => {
    const handled: string[] = [];
    const consumer = new Consumer({
      broker,
      route: PAYMENT_STAT,
      log: silentLog,
      handle: async (content) => {
        handled.push(content.toString());
        return { outcome: 'delivered', effect: 'handled' };
      },
      probe: async () => undefined,
    });
    await open();
    await eventually(() => expect(consumer.isUp).toBe(true));

    await breakIt();
    await connectedTimes(2);
    await eventually(() => expect(consumer.isUp).toBe(true));
    await queues.send(PAYMENT_STAT, 'after');

    await eventually(() => expect(handled).toEqual(['after']));
    await consumer.stop();
  });
});
