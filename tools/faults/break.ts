import { setTimeout as delay } from 'node:timers/promises';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import type { ServiceName } from '@shop/dev/service-program';
import { withDatabase } from '@shop/dev/with-database';
import { reorderMessages, repeatMessages, sendNonsense } from './messages';
import type { Fault } from './plan';
import type { Random } from './random';
import type { ShopUnderTest } from './shop-under-test';

/** What the faults leave behind that the invariants must know of. */
export interface Nonsense {
  marks: Set<string>;
}

/** Breaks something, and mends it as an orchestrator would. @returns what was done, in a few words */
export async function breakIt(shop: ShopUnderTest, fault: Fault, random: Random, nonsense: Nonsense): Promise<string> {
  switch (fault.kind) {
    case 'kill orders':
    case 'kill payments':
    case 'stop orders':
    case 'stop payments': {
      const name = serviceOf(fault.kind);
      await shop.endService(name, fault.instance, signalOf(fault.kind));
      await shop.startService(name, fault.instance);
      return `${fault.kind} ${fault.instance}`;
    }
    case 'pause orders':
    case 'pause payments': {
      const name = serviceOf(fault.kind);
      return forAWhile(
        { kind: `${fault.kind} ${fault.instance}`, ms: fault.ms },
        () => shop.sendToService(name, fault.instance, 'SIGSTOP'),
        () => shop.sendToService(name, fault.instance, 'SIGCONT'),
      );
    }
    case 'kill broker':
    case 'stop broker':
      return forAWhile(
        fault,
        () => shop.endBroker(signalOf(fault.kind)),
        () => shop.startBroker(),
      );
    case 'pause broker':
    case 'pause Temporal': {
      const server = fault.kind === 'pause broker' ? 'rabbitmq' : 'temporal';
      return forAWhile(
        fault,
        () => shop.sendToServer(server, 'SIGSTOP'),
        () => shop.sendToServer(server, 'SIGCONT'),
      );
    }
    case 'block broker':
      return forAWhile(
        fault,
        () => shop.blockBroker(true),
        () => shop.blockBroker(false),
      );
    case 'fill disk': {
      if (!shop.fillDisk()) return 'fill disk: left out, as a disk of the database’s own needs root and Linux';
      const refusal = await writeMuch(shop.databaseUrl);
      await delay(fault.ms);
      await shop.freeDisk();
      return `fill disk for ${fault.ms} ms: ${refusal}`;
    }
    case 'kill database':
    case 'stop database':
      return forAWhile(
        fault,
        () => shop.endDatabase(signalOf(fault.kind)),
        () => shop.startDatabase(),
      );
    case 'kill Temporal':
    case 'stop Temporal':
      return forAWhile(
        fault,
        () => shop.endTemporal(signalOf(fault.kind)),
        () => shop.startTemporal(),
      );
    case 'lose Temporal’s store':
      await shop.endTemporal('SIGKILL');
      shop.loseTemporalStore();
      await shop.startTemporal();
      return fault.kind;
    case 'terminate sagas':
      return `terminate sagas: ${await terminateSagas(shop.temporalAddress, fault.count)}`;
    case 'repeat messages':
      return `repeat messages: ${await repeatMessages(shop.databaseUrl, shop.amqpUrl, fault.count)}`;
    case 'reorder messages':
      return `reorder messages: ${await withoutPayments(shop, () => reorderMessages(shop.amqpUrl, fault.count, random))}`;
    case 'send nonsense': {
      const marks = await sendNonsense(shop.amqpUrl, fault.count);
      for (const mark of marks) nonsense.marks.add(mark);
      return `send nonsense: ${marks.length}`;
    }
    case 'outlast patience':
      return `outlast patience: ${await withoutPayments(shop, () => outlastPatience(shop.databaseUrl, fault.ms))} gave up`;
    default:
      throw new Error(`There is no fault ${JSON.stringify(fault satisfies never)}.`);
  }
}

/** Breaks something, and mends it after a while. @returns what was done */
async function forAWhile(
  { kind, ms }: { kind: string; ms: number },
  begin: () => unknown,
  end: () => unknown,
): Promise<string> {
  await begin();
  await delay(ms);
  await end();
  return `${kind} for ${ms} ms`;
}

/** A kill is a crash; else it ends in good order. */
const signalOf = (kind: string): 'SIGKILL' | undefined => (kind.startsWith('kill') ? 'SIGKILL' : undefined);
const serviceOf = (kind: string): ServiceName => (kind.endsWith('orders') ? 'order-management' : 'payment-processing');

/** Writes until the disk is found full. @returns what PostgreSQL said */
async function writeMuch(databaseUrl: string): Promise<string> {
  try {
    await withDatabase(databaseUrl, (sql) =>
      sql.query('CREATE TEMPORARY TABLE much AS SELECT generate_series(1, 100000000)'),
    );
  } catch (error) {
    return String(error);
  }
  throw new Error('The disk of the database was to be full, and took a hundred million rows.');
}

/** Does something while no payment service takes messages off its queue, and some have come. */
async function withoutPayments<T>(shop: ShopUnderTest, act: () => Promise<T>): Promise<T> {
  for (const instance of [1, 2]) await shop.endService('payment-processing', instance, 'SIGKILL');
  try {
    await delay(1_000);
    return await act();
  } finally {
    for (const instance of [1, 2]) await shop.startService('payment-processing', instance);
  }
}

/** Waits until a saga has given up on its payment, and a while longer, unless none waits for any. @returns how many have */
async function outlastPatience(databaseUrl: string, ms: number): Promise<number> {
  return withDatabase(databaseUrl, async (sql) => {
    const look = async () => (await sql.query<{ waiting: number; given_up: number }>(PATIENCE)).rows[0]!;
    const { given_up: before } = await look();
    for (const end = Date.now() + 90_000; ; await delay(500)) {
      const { waiting, given_up: now } = await look();
      if (now > before || waiting === 0) break;
      if (Date.now() > end) throw new Error('No payment was made for 90 s, and no saga has given up.');
    }
    await delay(ms);
    return (await look()).given_up - before;
  });
}

const PATIENCE = `SELECT count(*) FILTER (WHERE order_status = 'placed')::int AS waiting,
  count(*) FILTER (WHERE payment_status = 'cancelled' AND cancel_requested_at IS NULL)::int AS given_up FROM orders`;

async function terminateSagas(address: string, count: number): Promise<number> {
  return withTemporal(address, async (client) => {
    const terminated = new Set<string>();
    // What is listed lags behind what runs, in a system as quick as this: it is asked for a while.
    for (const end = Date.now() + 3_000; Date.now() < end; await delay(50)) {
      for await (const { workflowId, runId } of client.workflow.list({ query: RUNNING_SAGAS, pageSize: count })) {
        if (terminated.size === count) return count;
        const saga = client.workflow.getHandle(workflowId, runId);
        await saga.terminate('by a fault').then(
          () => terminated.add(runId),
          () => undefined, // ended meanwhile
        );
      }
    }
    return terminated.size;
  });
}

const RUNNING_SAGAS = "WorkflowType = 'placeOrder' AND ExecutionStatus = 'Running'";

/** How many workflows run, refunds included. */
export const runningWorkflows = (address: string): Promise<number> =>
  withTemporal(address, async (client) => (await client.workflow.count("ExecutionStatus = 'Running'")).count);

async function withTemporal<T>(address: string, use: (client: TemporalClient) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: '5s' });
  try {
    return await use(new TemporalClient({ connection }));
  } finally {
    await connection.close();
  }
}
