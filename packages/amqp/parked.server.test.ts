import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { eventually } from '../../test/eventually';
import { Queues } from '../../test/queues';
import { virtualHostUrl } from '../../test/servers';
import { silentLog } from '../../test/silent-log';

// The command as built, on messages that a consumer has parked.
const url = virtualHostUrl('parked');
const PARKED_STAT = parkedQueue(PAYMENT_STAT);
let queues: Queues;

beforeAll(async () => {
  queues = await Queues.open(url);
});
afterAll(() => queues.close());
beforeEach(async () => {
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
});

async function parked(...args: string[]): Promise<{ output: string; exitCode: number | null }> {
  const child = spawn(process.execPath, [join(__dirname, 'dist', 'parked.js'), ...args], {
    env: { ...process.env, AMQP_URL: url },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { output, exitCode };
}

/** Sends messages and has a consumer park whatever waits, one after the other. */
async function park(...contents: string[]): Promise<void> {
  const broker = new Broker({ url, connectionName: 'test', log: silentLog });
  const consumer = new Consumer({
    broker,
    route: PAYMENT_STAT,
    log: silentLog,
    handle: async (content) => ({ outcome: 'unknown', reason: `nobody wants ${String(content)}` }),
    isOutage: () => false,
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

test('lists what is parked, from which queue, since when and why, and leaves it there in its order', async () => {
  await park('one', 'two');

  const { output, exitCode } = await parked('list');

  expect(output).toMatch(
    /^[0-9a-f]{10} {2}PaymentStat {2}first seen 2\d{3}-\S+Z\n +nobody wants one\n[^]*nobody wants two\n2 parked\n$/,
  );
  expect(exitCode).toBe(0);
  expect((await parked('list')).output).toBe(output);
  expect(await queues.waiting(PARKED_STAT)).toBe(2);
});

test('shows one message, its headers and its content', async () => {
  await park('one', 'two');
  const [, second = ''] = await ids();

  const { output } = await parked('show', second);

  expect(output).toMatch(/x-reason: nobody wants two[^]*x-source-queue: PaymentStat[^]*\n {2}two\n$/);
  expect(output).not.toContain('nobody wants one');
});

test('sends one message back to the queue it was meant for, and leaves the others', async () => {
  await park('one', 'two', 'three');
  const [, second = ''] = await ids();

  await expect(parked('retry', second)).resolves.toEqual({
    output: `${second}  sent back to PaymentStat\n`,
    exitCode: 0,
  });

  expect(String((await queues.take(PAYMENT_STAT.queue)).content)).toBe('two');
  const { output } = await parked('list');
  expect(output).toMatch(/wants one[^]*wants three\n2 parked/);
});

test('keeps when a message was first seen, though it is parked again', async () => {
  await park('one');
  const before = /first seen (\S+)/.exec((await parked('list')).output)?.[1];
  await parked('retry', 'all');
  await park();

  const { output } = await parked('list');

  expect(output).toContain(`first seen ${before}`);
  expect(output).toContain('1 parked');
});

test('throws away what it is told to, having shown it', async () => {
  await park('one', 'two');

  const { output } = await parked('discard', 'all');

  expect(output).toMatch(/\n {2}one\n[^]*\n {2}two\n2 thrown away\n$/);
  expect(await queues.waiting(PARKED_STAT)).toBe(0);
});

test('sees to the messages of both services', async () => {
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
  [['show', 'abc'], 1, 'No message abc is parked: see npm run parked -- list.'],
  [['retry', 'all'], 1, 'Nothing is parked.'],
  [['retry'], 2, 'npm run parked -- retry <id>|all'],
  [[], 2, 'npm run parked -- list'],
])('%j ends with %d and says what to do', async (args, exitCode, says) => {
  await expect(parked(...args)).resolves.toEqual({ exitCode, output: expect.stringContaining(says) });
});
