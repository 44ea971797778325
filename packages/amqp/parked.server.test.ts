import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '@shop/amqp/connect';
import { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { connectOrders } from '@shop/prisma/clients';
import { eventually } from '../../test/eventually';
import { Queues } from '../../test/queues';
import { createShopDatabase, virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';

// Runs the compiled command on messages that a consumer has parked.
const url = virtualHostUrl('parked');
const UNREACHABLE = 'postgresql://postgres:secret@127.0.0.1:1/shop';
const PARKED_STAT = parkedQueue(PAYMENT_STAT);
let queues: Queues;

beforeAll(async () => {
  queues = await Queues.open(url);
});
afterAll(() => queues.close());
beforeEach(async () => {
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
});

/** Runs the command. @returns its output without the log lines, and these */
async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [join(__dirname, 'dist', 'parked.js'), ...args], {
    env: { ...process.env, AMQP_URL: url, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  const log = [...output.matchAll(/^\{.*"msg":.*\}\n/gm)].map(([line]) => JSON.parse(line) as Record<string, unknown>);
  return { output: output.replaceAll(/^\{.*"msg":.*\}\n/gm, ''), exitCode, log };
}

async function parked(...args: string[]): Promise<{ output: string; exitCode: number | null }> {
  const { output, exitCode } = await run(args);
  return { output, exitCode };
}

/** Sends messages, and runs a consumer that parks every waiting message in order. */
async function park(...contents: string[]): Promise<void> {
  const broker = new Broker({ url, connectionName: 'test', log: silentLog });
  const consumer = new Consumer({
    broker,
    route: PAYMENT_STAT,
    log: silentLog,
    handle: async (content) => ({ outcome: 'unknown', reason: `no service handles ${String(content)}` }),
    probe: async () => undefined,
  });
  await broker.open();
  for (const content of contents) {
    const before = await queues.waiting(PARKED_STAT);
    await queues.send(PAYMENT_STAT, content);
    await eventually(async () => expect(await queues.waiting(PARKED_STAT)).toBe(before + 1));
  }
  await eventually(async () => expect(await queues.waiting(PAYMENT_STAT.queue)).toBe(0));
  await consumer.stop();
  await broker.stop();
}

async function ids(): Promise<string[]> {
  const { output } = await parked('list');
  return [...output.matchAll(/^([0-9a-f]{10}) /gm)].map(([, id = '']) => id);
}

test('list prints the queue, time and reason of each message, and keeps their order', async () => {
  await park('one', 'two');

  const { output, exitCode } = await parked('list');

  expect(output).toMatch(
    /^[0-9a-f]{10} {2}PaymentStat {2}first seen 2\d{3}-\S+Z\n +no service handles one\n[^]*no service handles two\n2 parked\n$/,
  );
  expect(exitCode).toBe(0);
  expect((await parked('list')).output).toBe(output);
  expect(await queues.waiting(PARKED_STAT)).toBe(2);
});

test('show prints one message with its headers and content', async () => {
  await park('one', 'two');
  const [, second = ''] = await ids();

  const { output } = await parked('show', second);

  expect(output).toMatch(/x-reason: no service handles two[^]*x-source-queue: PaymentStat[^]*\n {2}two\n$/);
  expect(output).not.toContain('no service handles one');
});

test('list and show escape what a terminal would act on', async () => {
  await park('\u001B]0;mine\u0007\u009B2J');
  const [id = ''] = await ids();

  for (const args of [['list'], ['show', id]]) {
    const { output } = await parked(...args);
    expect(output).toContain(String.raw`\u001b]0;mine\u0007\u009b2J`);
    expect(output).not.toMatch(/(?!\n)\p{Cc}/u);
  }
});

test('finds a message that somebody else reads at the moment', async () => {
  await park('one');
  const [id = ''] = await ids();
  const reader = await connect(url);
  const channel = await reader.createChannel();
  expect(await channel.get(PARKED_STAT)).not.toBe(false); // hidden from the command

  const shown = parked('show', id);
  setTimeout(() => void reader.close(), 1_000); // RabbitMQ requeues it

  expect((await shown).output).toContain('x-reason: no service handles one');
});

test('retry returns one message to its source queue and leaves the others', async () => {
  await park('one', 'two', 'three');
  const [, second = ''] = await ids();

  await expect(parked('retry', second)).resolves.toEqual({
    output: `${second}  returned to PaymentStat\n`,
    exitCode: 0,
  });

  expect(String((await queues.take(PAYMENT_STAT.queue)).content)).toBe('two');
  const { output } = await parked('list');
  expect(output).toMatch(/handles one[^]*handles three\n2 parked/);
});

test('a message that is parked again keeps the time when it was first seen', async () => {
  await park('one');
  const before = /first seen (\S+)/.exec((await parked('list')).output)?.[1];
  await parked('retry', 'all');
  await park();

  const { output } = await parked('list');

  expect(output).toContain(`first seen ${before}`);
  expect(output).toContain('1 parked');
});

test('discard prints messages and deletes them', async () => {
  await park('one', 'two');

  const { output } = await parked('discard', 'all');

  expect(output).toMatch(/\n {2}one\n[^]*\n {2}two\n2 discarded\n$/);
  expect(await queues.waiting(PARKED_STAT)).toBe(0);
});

test('handles the parked messages of both services', async () => {
  await queues.onItsOwnChannel(async (channel) =>
    channel.sendToQueue(parkedQueue(PROCESS_PAYMENT), Buffer.from('old')),
  );
  await eventually(async () => expect(await queues.waiting(parkedQueue(PROCESS_PAYMENT))).toBe(1));

  expect((await parked('list')).output).toMatch(
    /^\S+ {2}processPayment {2}first seen at an unknown time\n +no reason given\n1 parked/,
  );
  await parked('retry', 'all');

  expect(String((await queues.take(PROCESS_PAYMENT.queue)).content)).toBe('old');
});

test.each([
  [['show', 'abc'], 1, 'No parked message has the id abc. List them: npm run parked -- list'],
  [['retry', 'all'], 1, 'No message is parked.'],
  [['retry'], 2, 'npm run parked -- retry <id>|all'],
  [['retry', 'all', '--actor', ''], 2, '--actor <name>'],
  [['retry', 'all', '--actor', 'ann\u009b2J'], 2, 'none of which is a control character'],
  [[], 2, 'npm run parked -- list'],
])('%j exits with %d and prints what to do', async (args, exitCode, message) => {
  await expect(parked(...args)).resolves.toEqual({ exitCode, output: expect.stringContaining(message) });
});

describe('who retries or discards a message', () => {
  test('is logged, by default as the user of the operating system', async () => {
    await park('one', 'two');
    const [first = ''] = await ids();

    const { log } = await run(['discard', first, '--actor', 'ann']);
    expect(log).toMatchObject([
      {
        actor: 'operator:ann',
        action: 'discard',
        id: first,
        queue: 'PaymentStat',
        reason: 'no service handles one',
        orderId: null,
      },
    ]);
    const others = await run(['retry', 'all']);
    expect(others.log).toMatchObject([{ actor: `operator:${userInfo().username}@${hostname()}`, action: 'retry' }]);
    expect((await run(['list'])).log).toEqual([]);
  });

  test('is part of the history of the order that the message names', async () => {
    const shop = await createShopDatabase('parked');
    const database = connectOrders(shop.ordersUrl, { poolSize: 1 });
    const orderId = randomUUID();
    await database.order.create({ data: { orderId, orderStatus: 'placed', paymentStatus: 'pending' } });
    await park(JSON.stringify({ orderId }), JSON.stringify({ orderId: randomUUID() }));
    const env = { DATABASE_URL: shop.ordersUrl };

    const [id = ''] = await ids();
    expect((await run(['retry', id, '--actor', 'ann'], env)).log).toMatchObject([{ orderId, history: 'recorded' }]);
    await park();
    const { log } = await run(['discard', 'all', '--actor', 'joe'], env);
    expect(new Set(log.map(({ history }) => history))).toEqual(new Set(['recorded', 'there is no such order']));

    const events = await database.$queryRaw`SELECT step, actor FROM order_events ORDER BY event_id`;
    expect(events).toEqual([
      { step: 'message-retried', actor: 'operator:ann' },
      { step: 'message-discarded', actor: 'operator:joe' },
    ]);
    await database.$disconnect();
    await shop.drop();
  });

  test('is logged even if the database is unavailable', async () => {
    await park(JSON.stringify({ orderId: randomUUID() }));

    const { log, exitCode } = await run(['discard', 'all'], { DATABASE_URL: UNREACHABLE });

    expect([log[0]?.['history'], exitCode]).toEqual([
      expect.stringMatching(/^Raw query failed.*Can't reach database server/),
      0,
    ]);
    expect(await queues.waiting(PARKED_STAT)).toBe(0);
  });
});
