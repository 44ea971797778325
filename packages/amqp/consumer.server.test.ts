import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { Gate } from '../../test/gate';
import { Queues } from '../../test/queues';
import { TcpProxy } from '../../test/tcp-proxy';
import { virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { Broker, BrokerUnavailableError } from './broker';
import { Consumer, type ConsumerOptions, type HandlerResult } from './consumer';
import { parkedQueue, retryQueue, type Route } from './topology';

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
    isOutage: () => false,
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

    await queues.onItsOwnChannel((channel) => channel.assertQueue(parkedQueue(route), { durable: true }));

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

describe('a message that fails although no dependency is unavailable', () => {
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

  test('is parked after its last try', async () => {
    const consumer = await consume(failing, { maxTries: 3, retryDelayMs: 50 });
    await queues.send(route, 'bad');

    const { content, properties } = await queues.take(parkedQueue(route));

    expect(content.toString()).toBe('bad');
    expect(properties.headers).toMatchObject({ 'x-reason': 'failed 3 times: Error: it is bad' });
    expect(handled).toEqual(['bad', 'bad', 'bad']);
    expect(await queues.waiting(retryQueue(route))).toBe(0);
    expect(await leftAfterStop(consumer)).toBe(0);
  });
});

describe('in an outage', () => {
  class Outage extends Error {}
  const isOutage = (error: unknown): boolean => error instanceof Outage;

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
      { isOutage, probe: () => (probes++, failInOutage()) },
    );

    await eventually(async () => expect(await waiting()).toBe(30));
    await eventually(() => expect(probes).toBe(2));
    const inOutage = handled.splice(0);
    expect(inOutage.length).toBeLessThanOrEqual(30);
    expect(await waiting()).toBe(30);
    expect(await queues.consumers(route.queue)).toBe(0);
    expect(consumer.isUp).toBe(false);

    outage = false;

    await eventually(() => expect(handled.toSorted()).toEqual(messages.toSorted()));
    expect(await leftAfterStop(consumer)).toBe(0);
  });

  test('consumes nothing if RabbitMQ is available before the other dependencies', async () => {
    const consumer = await consume(() => Promise.reject(new Outage()), {
      isOutage,
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
    const log = { info: (_: object, message: string) => void logged.push(message), warn: () => undefined };
    let probes = 0;
    await consume(
      async () => {
        if (handled.length === 1) throw new Outage();
        return DONE;
      },
      {
        log,
        isOutage,
        probe: async () => {
          if (probes++ > 0) return;
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
      isOutage: () => true,
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
