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
/** What the handler was given, in that order. */
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

/** Consumes the route; `handle` sees each message as text. */
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

/** What is left in the queue once nobody holds a message any more: those that were not acknowledged. */
async function leftAfterStop(consumer: Consumer): Promise<number> {
  await consumer.stop();
  await broker.stop();
  return waiting();
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${i}`);

describe('a message', () => {
  test('is acknowledged once it is handled', async () => {
    const consumer = await consume(async () => DONE);
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));

    expect(await leftAfterStop(consumer)).toBe(0);
  });

  describe('being handled when the connection breaks', () => {
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

    test('is given out, and acknowledged, again', async () => {
      expect(await leftAfterStop(consumer)).toBe(0);
    });

    test('is no reason to pause the consumer on the next connection', () => {
      expect(consumer.isUp).toBe(true);
    });
  });

  test('stays with the broker while it is handled', async () => {
    const handling = new Gate();
    const consumer = await consume(async () => {
      await handling.opened;
      return DONE;
    });
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));

    await broker.stop(); // as a process does that is killed

    expect(await waiting()).toBe(1);
    handling.open();
    await consumer.stop();
  });

  test('that nobody can handle is parked as it came, with the reason', async () => {
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

  test('is counted by what became of it', async () => {
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

  test('is not lost when it cannot be parked', async () => {
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

test('holds at most 100 messages', async () => {
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

describe('a message that fails alone', () => {
  test('is tried again later, and holds nothing up meanwhile', async () => {
    const times: number[] = [];
    await consume(
      async (text) => {
        times.push(Date.now());
        return failing(handled.length > 2 ? 'better now' : text);
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

  test('gives everything back once, takes nothing, and goes on when it is over', async () => {
    const messages = numbered(30);
    await queues.send(route, ...messages);
    let away = true;
    let probes = 0;
    const whenAway = async (): Promise<void> => {
      if (away) throw new Outage();
    };
    const consumer = await consume(
      async () => {
        await whenAway();
        return DONE;
      },
      { isOutage, probe: () => (probes++, whenAway()) },
    );

    await eventually(async () => expect(await waiting()).toBe(30));
    await eventually(() => expect(probes).toBe(2));
    const inOutage = handled.splice(0);
    expect(inOutage.length).toBeLessThanOrEqual(30);
    expect(await waiting()).toBe(30);
    expect(await queues.consumers(route.queue)).toBe(0);
    expect(consumer.isUp).toBe(false);

    away = false;

    await eventually(() => expect(handled.toSorted()).toEqual(messages.toSorted()));
    expect(await leftAfterStop(consumer)).toBe(0);
  });

  test('takes nothing when RabbitMQ comes back before the rest does', async () => {
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

  test('goes on with a single consumer when the connection breaks as it resumes', async () => {
    const said: string[] = [];
    const log = { info: (_: object, message: string) => void said.push(message), warn: () => undefined };
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
          proxy.holdResponses(); // the question for messages is asked, and not answered
          setImmediate(() => proxy.dropConnections());
        },
      },
    );
    await queues.send(route, 'order');
    await eventually(() => expect(said).toContain('consumer resumed'));
    await eventually(() => expect(handled).toEqual(['order', 'order']));

    expect(await queues.consumers(route.queue)).toBe(1);
  });
});

describe('when it is stopped', () => {
  test('finishes what is under way and takes no more', async () => {
    const handling = new Gate();
    const consumer = await consume(async () => {
      await handling.opened;
      return DONE;
    });
    await queues.send(route, 'under way');
    await eventually(() => expect(handled).toEqual(['under way']));

    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await eventually(async () => expect(await queues.consumers(route.queue)).toBe(0));
    await queues.send(route, 'too late');
    expect(stopped).toBe(false);
    handling.open();
    await stopping;

    expect(await leftAfterStop(consumer)).toBe(1);
    expect(handled).toEqual(['under way']);
    expect((await queues.take(route.queue)).content.toString()).toBe('too late');
  });

  test('ends in an outage, too', async () => {
    const consumer = await consume(() => Promise.reject(new Error('away')), {
      isOutage: () => true,
      probe: () => Promise.reject(new Error('away')),
    });
    await queues.send(route, 'order');
    await eventually(() => expect(handled).toEqual(['order']));

    expect(await leftAfterStop(consumer)).toBe(1);
  });
});

test('a consumer whose work is refused, though all it needs answers, comes back ever more slowly', async () => {
  const consumer = await consume(async () => {
    throw new BrokerUnavailableError('refused');
  });
  await queues.send(route, 'order');

  await delay(3_000); // taken at once, after half a second, and one later

  expect(handled.length).toBeGreaterThan(1);
  expect(handled.length).toBeLessThan(5);
  await consumer.stop();
});

test('a consumer is not up again before the broker has said so', async () => {
  const consumer = await consume(async () => {
    throw new BrokerUnavailableError('refused');
  });
  await queues.send(route, 'order');
  await eventually(() => expect(handled).toEqual(['order']));
  await eventually(() => expect(consumer.isUp).toBe(false));
  proxy.holdResponses();

  await delay(1_500); // after half a second it asks for messages

  expect(consumer.isUp).toBe(false);
});

test('a consumer stops also where the broker has fallen silent while a message meets an outage', async () => {
  const outage = new Gate();
  const consumer = await consume(async () => {
    await outage.opened;
    throw new BrokerUnavailableError('RabbitMQ did not confirm in time.');
  });
  await queues.send(route, 'order');
  await eventually(() => expect(handled).toEqual(['order']));
  proxy.holdResponses();
  outage.open();
  await eventually(() => expect(consumer.isUp).toBe(false)); // it asks the broker to give it no more

  await consumer.stop();
}, 30_000);

test('a consumer stops also where the broker has fallen silent', async () => {
  const consumer = await consume(async () => DONE);
  await eventually(() => expect(consumer.isUp).toBe(true));
  proxy.holdResponses();

  await consumer.stop();

  expect(consumer.isUp).toBe(false);
}, 30_000);
