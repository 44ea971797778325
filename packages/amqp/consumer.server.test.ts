import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Options } from 'amqplib';
import { Broker, BrokerUnavailableError } from './broker'; // before test/queues, which loads amqplib as it is
import { eventually } from '../../test/eventually';
import { Gate } from '../../test/gate';
import { Queues } from '../../test/queues';
import { TcpProxy } from '../../test/tcp-proxy';
import { virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { Consumer, type ConsumerOptions, type HandlerResult } from './consumer';
import { declareRoute, parkedQueue, retryQueue, type Route } from './topology';

const DONE: HandlerResult = { outcome: 'delivered', effect: 'handled' };

let queues: Queues;
let proxy: TcpProxy;
let broker: Broker;
let route: Route;
/** The contents that the handler has received, in order. */
let handled: string[];

beforeAll(async () => {
  queues = await Queues.open(virtualHostUrl('amqp'));
});
afterAll(() => queues.close());

beforeEach(async () => {
  const name = `test-${randomUUID()}`;
  route = { exchange: name, queue: name, routingKey: name };
  await queues.declare(route);
  proxy = await TcpProxy.to(virtualHostUrl('amqp'));
  broker = new Broker({ url: proxy.url, connectionName: 'test', log: silentLog });
  handled = [];
});
afterEach(async () => {
  await broker.stop();
  await proxy.close();
  await queues.remove(route);
});

/** Starts a consumer whose handler receives each message as text. */
async function consume(
  handle: (text: string) => Promise<HandlerResult>,
  more: Partial<Omit<ConsumerOptions, 'handle'>> = {},
): Promise<Consumer> {
  const consumer = new Consumer({
    broker,
    route,
    log: silentLog,
    handle: (content) => {
      handled.push(content.toString());
      return handle(content.toString());
    },
    faultOf: () => 'unknown',
    probe: async () => undefined,
    ...more,
  });
  await broker.open();
  return consumer;
}

const waiting = (): Promise<number> => queues.waiting(route.queue);

/** Stops everything. @returns the number of unacknowledged messages, which are in the queue again */
async function leftAfterStop(consumer: Consumer): Promise<number> {
  await consumer.stop();
  await broker.stop();
  return waiting();
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${i}`);

describe('a message', () => {
  test('is acknowledged after it was handled', async () => {
    const consumer = await consume(async () => DONE);
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));

    expect(await leftAfterStop(consumer)).toBe(0);
  });

  describe('in flight when the connection breaks', () => {
    let firstHandling: Gate;
    let consumer: Consumer;
    beforeEach(async () => {
      firstHandling = new Gate();
      consumer = await consume(async () => {
        if (handled.length === 1) await firstHandling.opened;
        return DONE;
      });
      await queues.send(route, 'order');
      await eventually(() => expect(handled).toEqual(['order']));
      proxy.dropConnections();
      await eventually(() => expect(handled).toEqual(['order', 'order']));
      firstHandling.open();
      await nextTurn();
    });

    test('is redelivered and then acknowledged', async () => {
      expect(await leftAfterStop(consumer)).toBe(0);
    });

    test('does not pause the consumer of the next connection', () => {
      expect(consumer.isUp).toBe(true);
    });
  });

  test('is unacknowledged while it is handled', async () => {
    const handling = new Gate();
    const consumer = await consume(async () => {
      await handling.opened;
      return DONE;
    });
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));

    await broker.stop(); // as if the process was killed

    expect(await waiting()).toBe(1);
    handling.open();
    await consumer.stop();
  });

  test('that cannot be handled is parked unchanged, with the reason', async () => {
    const consumer = await consume(async () => ({ outcome: 'unknown', reason: 'there is no such order' }));
    await queues.send(route, 'order');

    const { content, properties } = await queues.take(parkedQueue(route));

    expect(content.toString()).toBe('order');
    expect(properties).toMatchObject({
      contentType: 'text/json',
      headers: { 'x-reason': 'there is no such order', 'x-source-queue': route.queue },
    });
    expect(await leftAfterStop(consumer)).toBe(0);
  });

  test('is counted by its outcome', async () => {
    const outcomes: string[] = [];
    const results: Record<string, HandlerResult> = {
      good: DONE,
      odd: { outcome: 'unreadable', reason: 'it is odd' },
    };
    const handle = async (text: string): Promise<HandlerResult> => {
      const result = results[text];
      if (!result) throw new Error('it is bad');
      return result;
    };
    const consumer = await consume(handle, {
      faultOf: () => 'input',
      maxTries: 2,
      retryDelayMs: 50,
      count: (outcome) => outcomes.push(outcome),
    });

    await queues.send(route, 'good', 'odd', 'bad');

    await eventually(() => expect(outcomes.toSorted()).toEqual(['handled', 'parked', 'parked', 'retried']));
    await consumer.stop();
  });

  test('is not lost if it cannot be parked', async () => {
    await queues.onItsOwnChannel((channel) => channel.deleteQueue(parkedQueue(route)));
    const consumer = await consume(async () => ({ outcome: 'unknown', reason: 'there is no such order' }));
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));
    await eventually(async () => expect(await waiting()).toBe(1));

    await queues.onItsOwnChannel((channel) => declareRoute(channel, route));

    await queues.take(parkedQueue(route));
    expect(await leftAfterStop(consumer)).toBe(0);
  });
});

test('at most 100 messages are in flight', async () => {
  await queues.send(route, ...numbered(150));
  const handling = new Gate();
  const consumer = await consume(async () => {
    await handling.opened;
    return DONE;
  });

  await eventually(() => expect(handled).toHaveLength(100));
  expect(await waiting()).toBe(50);

  handling.open();
  await eventually(() => expect(handled).toHaveLength(150));
  expect(await leftAfterStop(consumer)).toBe(0);
});

async function failing(text: string): Promise<HandlerResult> {
  if (text === 'bad') throw new Error('it is bad');
  return DONE;
}

const count = (text: string): number => handled.filter((other) => other === text).length;

/** Fails for `bad`, and sends another message after each failure, which is handled. */
const failingAmongOthers = async (text: string): Promise<HandlerResult> => {
  if (text === 'bad') await queues.send(route, 'good');
  return failing(text);
};

describe('a message that fails although all dependencies are available', () => {
  test('is retried later and delays no other', async () => {
    const times: number[] = [];
    await consume(
      async (text) => {
        times.push(Date.now());
        return failing(handled.length > 2 ? 'good' : text);
      },
      { retryDelayMs: 500 },
    );
    await queues.send(route, 'bad', 'good');

    await eventually(() => expect(handled).toEqual(['bad', 'good', 'bad']));
    const [first = 0, , again = 0] = times;
    expect(again - first).toBeGreaterThanOrEqual(500);
    expect(await queues.waiting(parkedQueue(route))).toBe(0);
  });

  test('is parked after its last try if its data are at fault', async () => {
    const consumer = await consume(failing, { faultOf: () => 'input', maxTries: 3, retryDelayMs: 50 });
    await queues.send(route, 'bad');

    const { content, properties } = await queues.take(parkedQueue(route));

    expect(content.toString()).toBe('bad');
    expect(properties.headers).toMatchObject({ 'x-reason': 'failed 3 times: Error: it is bad' });
    expect(handled).toEqual(['bad', 'bad', 'bad']);
    expect(await queues.waiting(retryQueue(route))).toBe(0);
    expect(await leftAfterStop(consumer)).toBe(0);
  });

  test.each(['unknown', 'bug'] as const)(
    'is parked after its last try if other messages are handled meanwhile (%s)',
    async (fault) => {
      const consumer = await consume(failingAmongOthers, { faultOf: () => fault, maxTries: 3, retryDelayMs: 50 });
      await queues.send(route, 'bad');

      const { properties } = await queues.take(parkedQueue(route));

      expect(properties.headers).toMatchObject({ 'x-reason': 'failed 3 times: Error: it is bad' });
      expect(count('bad')).toBeGreaterThanOrEqual(3); // more if `good` was handled before the failure of `bad` was judged
      await eventually(() => expect(count('good')).toBe(count('bad')));
      expect(await leftAfterStop(consumer)).toBe(0);
    },
  );

  test('is retried without limit if no other message is handled', async () => {
    const consumer = await consume(failing, { maxTries: 2, retryDelayMs: 50 });
    await queues.send(route, 'bad', 'bad');

    await eventually(() => expect(handled.length).toBeGreaterThan(8));
    expect(await queues.waiting(parkedQueue(route))).toBe(0);
    expect(consumer.isUp).toBe(true);
  });

  test('is retried without limit if the other messages are duplicates, which prove nothing', async () => {
    await consume(
      async (text) => {
        if (text === 'good') return { outcome: 'duplicate' };
        return failingAmongOthers(text);
      },
      { maxTries: 2, retryDelayMs: 50 },
    );
    await queues.send(route, 'bad');

    await eventually(() => expect(handled.filter((text) => text === 'bad').length).toBeGreaterThan(4));
    expect(await queues.waiting(parkedQueue(route))).toBe(0);
  });

  test('is retried without limit if a dependency is busy, although other messages are handled', async () => {
    await consume(failingAmongOthers, { faultOf: () => 'unavailable', maxTries: 2, retryDelayMs: 50 });
    await queues.send(route, 'bad');

    await eventually(() => expect(handled.filter((text) => text === 'bad').length).toBeGreaterThan(4));
    expect(await queues.waiting(parkedQueue(route))).toBe(0);
  });

  test('is logged as an error if the program is at fault, and the consumer continues', async () => {
    const errors: object[] = [];
    const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => void errors.push(fields) };
    const consumer = await consume(failing, { log, faultOf: () => 'bug', retryDelayMs: 50 });
    await queues.send(route, 'bad');

    await eventually(() => expect(errors.length).toBeGreaterThan(1));
    expect(errors[0]).toMatchObject({ queue: route.queue, err: new Error('it is bad'), tries: 1 });
    expect(consumer.isUp).toBe(true);
  });

  test('delays no other, however many such messages there are', async () => {
    await queues.send(route, ...numbered(300), 'good');
    const consumer = await consume(async (text) => failing(text === 'good' ? text : 'bad'), { retryDelayMs: 600_000 });

    await eventually(() => expect(handled).toContain('good'));
    await eventually(async () => expect(await queues.waiting(retryQueue(route))).toBe(300));
    expect(await queues.waiting(parkedQueue(route))).toBe(0);
    expect(await leftAfterStop(consumer)).toBe(0);
  });

  test('is not held up by a message that another client puts into the retry queue without an expiration', async () => {
    await queues.remove(route);
    await queues.onItsOwnChannel((channel) => declareRoute(channel, route, 500));
    await queues.send({ exchange: '', routingKey: retryQueue(route), queue: '' }, 'foreign');
    await consume(async (text) => failing(handled.length > 1 ? 'good' : text), { retryDelayMs: 50 });
    await queues.send(route, 'bad');

    await eventually(() => expect(handled.toSorted()).toEqual(['bad', 'bad', 'foreign']));
  });

  test('pauses the consumer for a moment if a hundred fail in series, so that they do not keep it busy', async () => {
    await queues.send(route, ...numbered(100));
    const paused: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void paused.push(message) };
    await consume(async () => failing('bad'), { log, retryDelayMs: 600_000 });

    await eventually(() => expect(paused).toContain('consumer paused'));
    expect(handled).toHaveLength(100);
  });
});

const withProperties = (properties: Options.Publish) => () => queues.sendWith(route, properties, 'hostile');
const withHeaders = (headers: object) => withProperties({ headers });

/** Publishes a message with headers that are nested 6,000 levels deep, which takes a larger stack than usual. */
const sendDeeplyNested = async (): Promise<void> => {
  const script = `
    const { connect } = require('amqplib');
    const { url, route } = JSON.parse(process.argv[1]);
    const nested = Array.from({ length: 6_000 }).reduce((inner) => ({ '': inner }), {});
    connect(url).then(async (connection) => {
      const channel = await connection.createConfirmChannel();
      channel.publish(route.exchange, route.routingKey, Buffer.from('hostile'), { headers: { nested } });
      await channel.waitForConfirms();
      await connection.close();
    });`;
  const args = ['--stack-size=3900', '-e', script, JSON.stringify({ url: virtualHostUrl('amqp'), route })];
  await promisify(execFile)(process.execPath, args, { cwd: __dirname });
};

describe('a hostile message', () => {
  const hostile: [string, () => Promise<void>][] = [
    ['CC, which names its queue', () => queues.sendWith(route, { headers: { CC: [route.queue] } }, 'hostile')],
    ['BCC', () => queues.sendWith(route, { headers: { BCC: [route.queue] } }, 'hostile')],
    ['a time to live', withProperties({ expiration: 60_000 })],
    ['a user', withProperties({ userId: 'guest' })],
    ['an address for replies', withProperties({ replyTo: 'somewhere' })],
    ['every other property', withProperties({ type: 't', appId: 'a', timestamp: 1, priority: 255, messageId: 'm' })],
    ['a delay', withHeaders({ 'x-delay': 60_000 })],
    ['a history of dead letters', withHeaders({ 'x-death': [{ queue: 'x', reason: 'expired', count: 9 }] })],
    ['a header longer than 64 KB', withHeaders({ long: 'x'.repeat(65_400) })],
    [
      'a name that begins with an exclamation mark',
      withHeaders({ nested: { '': { '!': 'decimal', value: { places: 1, digits: 1 } } } }),
    ],
    ['the headers of this system', withHeaders({ 'x-tries': { toString: 1 }, 'x-first-seen': { valueOf: 1 } })],
    ['headers that are nested deeply', sendDeeplyNested],
  ];

  test.each(hostile)('with %s is parked once, with its body and the reason only', async (_, send) => {
    const consumer = await consume(async () => ({ outcome: 'unreadable', reason: 'it is hostile' }));
    await send();

    const { content, properties } = await queues.take(parkedQueue(route));

    expect(content.toString()).toBe('hostile');
    expect(properties.headers).toMatchObject({ 'x-reason': 'it is hostile', 'x-source-queue': route.queue });
    const { replyTo, userId, expiration, type, appId, priority, timestamp } = properties;
    expect({ replyTo, userId, expiration, type, appId, priority, timestamp }).toEqual({});
    const foreign = Object.keys(properties.headers ?? {}).filter(
      (name) => !/^(x-(reason|source-queue|first-seen|parked-at)$|sender\.)/.test(name),
    );
    expect(foreign).toEqual([]);
    expect(await leftAfterStop(consumer)).toBe(0);
    expect(handled).toHaveLength(1);
    expect(await queues.waiting(parkedQueue(route))).toBe(0);
  });

  test.each(hostile)('with %s is retried once at a time', async (_, send) => {
    const consumer = await consume(async () => Promise.reject(new Error('it is bad')), {
      faultOf: () => 'input',
      maxTries: 3,
      retryDelayMs: 50,
    });
    await send();

    const { content, properties } = await queues.take(parkedQueue(route));

    expect(content.toString()).toBe('hostile');
    expect(properties.headers).toMatchObject({ 'x-reason': 'failed 3 times: Error: it is bad' });
    expect(await leftAfterStop(consumer)).toBe(0);
    expect(handled).toHaveLength(3);
    for (const queue of [parkedQueue(route), retryQueue(route)]) expect(await queues.waiting(queue)).toBe(0);
  });

  test('does not hold up those behind it, although a hundred more precede them', async () => {
    await queues.sendWith(route, { headers: { long: 'x'.repeat(65_400) } }, ...numbered(101));
    await queues.send(route, 'order');
    const consumer = await consume(async (text) =>
      text === 'order' ? DONE : { outcome: 'unreadable', reason: 'it is hostile' },
    );

    await eventually(() => expect(handled).toContain('order'));
    await eventually(async () => expect(await queues.waiting(parkedQueue(route))).toBe(101));
    expect(await leftAfterStop(consumer)).toBe(0);
  });
});

describe('in an outage', () => {
  class Outage extends Error {}

  test('requeues each message once, consumes nothing, and continues afterwards', async () => {
    const messages = numbered(30);
    await queues.send(route, ...messages);
    let outage = true;
    let probes = 0;
    const failInOutage = async (): Promise<void> => {
      if (outage) throw new Outage();
    };
    const consumer = await consume(
      async () => {
        await failInOutage();
        return DONE;
      },
      { probe: () => (probes++, failInOutage()) },
    );

    await eventually(async () => expect(await waiting()).toBe(30));
    await eventually(() => expect(probes).toBeGreaterThan(3));
    const inOutage = handled.splice(0);
    expect(inOutage.length).toBeLessThanOrEqual(30);
    expect(await waiting()).toBe(30);
    expect(await queues.consumers(route.queue)).toBe(0);
    expect([consumer.isUp, consumer.isPaused]).toEqual([false, true]);

    outage = false;

    await eventually(() => expect(handled.toSorted()).toEqual(messages.toSorted()));
    expect(await leftAfterStop(consumer)).toBe(0);
  });

  test('consumes nothing if RabbitMQ is available before the other dependencies', async () => {
    const consumer = await consume(() => Promise.reject(new Outage()), {
      probe: () => Promise.reject(new Outage()),
    });
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));
    await eventually(async () => expect(await waiting()).toBe(1));

    const connected = new Promise<void>((resolve) => broker.use(async () => resolve()));
    proxy.dropConnections();
    await connected;

    expect(await queues.consumers(route.queue)).toBe(0);
    await consumer.stop();
  });

  test('continues with one consumer if the connection breaks while it resumes', async () => {
    const logged: string[] = [];
    const log = { ...silentLog, info: (_: object, message: string) => void logged.push(message) };
    let probes = 0;
    await consume(
      async () => {
        if (handled.length === 1) throw new Outage();
        return DONE;
      },
      {
        log,
        probe: async () => {
          probes++;
          if (probes === 1) throw new Outage();
          if (probes > 2) return;
          proxy.holdResponses(); // the consumer sends basic.consume and gets no answer
          setImmediate(() => proxy.dropConnections());
        },
      },
    );
    await queues.send(route, 'order');
    await eventually(() => expect(logged).toContain('consumer resumed'));
    await eventually(() => expect(handled).toEqual(['order', 'order']));

    expect(await queues.consumers(route.queue)).toBe(1);
  });
});

describe('a consumer that is stopped', () => {
  test('finishes the messages in flight and consumes no other', async () => {
    const handling = new Gate();
    const consumer = await consume(async () => {
      await handling.opened;
      return DONE;
    });
    await queues.send(route, 'in flight');
    await eventually(() => expect(handled).toEqual(['in flight']));

    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await eventually(async () => expect(await queues.consumers(route.queue)).toBe(0));
    await queues.send(route, 'too late');
    expect(stopped).toBe(false);
    handling.open();
    await stopping;

    expect(await leftAfterStop(consumer)).toBe(1);
    expect(handled).toEqual(['in flight']);
    expect((await queues.take(route.queue)).content.toString()).toBe('too late');
  });

  test('ends during an outage, too', async () => {
    const consumer = await consume(() => Promise.reject(new Error('unavailable')), {
      probe: () => Promise.reject(new Error('unavailable')),
    });
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));

    expect(await leftAfterStop(consumer)).toBe(1);
  });
});

test('a consumer waits longer before each resumption while its probe succeeds but its work fails', async () => {
  const consumer = await consume(async () => {
    throw new BrokerUnavailableError('refused');
  });
  await queues.send(route, 'order');

  await delay(3_000); // handled immediately, after 0.5 s, and 1 s later

  expect(handled.length).toBeGreaterThan(1);
  expect(handled.length).toBeLessThan(5);
  await consumer.stop();
});

test('a consumer is up again only after RabbitMQ has confirmed it', async () => {
  const consumer = await consume(async () => {
    throw new BrokerUnavailableError('refused');
  });
  await queues.send(route, 'order');
  await eventually(() => expect(handled).toEqual(['order']));
  await eventually(() => expect(consumer.isUp).toBe(false));
  proxy.holdResponses();

  await delay(1_500); // after 0.5 s it sends basic.consume

  expect(consumer.isUp).toBe(false);
});

test('a consumer stops during an outage even if RabbitMQ does not answer', async () => {
  const outage = new Gate();
  const consumer = await consume(async () => {
    await outage.opened;
    throw new BrokerUnavailableError('RabbitMQ did not confirm in time.');
  });
  await queues.send(route, 'order');
  await eventually(() => expect(handled).toEqual(['order']));
  proxy.holdResponses();
  outage.open();
  await eventually(() => expect(consumer.isUp).toBe(false)); // it sends basic.cancel

  await consumer.stop();
}, 30_000);

test('a consumer stops even if RabbitMQ does not answer', async () => {
  const consumer = await consume(async () => DONE);
  await eventually(() => expect(consumer.isUp).toBe(true));
  proxy.holdResponses();

  await consumer.stop();

  expect(consumer.isUp).toBe(false);
}, 30_000);
