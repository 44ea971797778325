import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { installTemporalRuntime, TemporalUnavailableError } from '@shop/runtime/temporal';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { eventually } from '../../test/eventually';
import { createNamespace } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { registerSearchAttributes } from './register-search-attributes';
import { SagaStarter } from './saga-starter';
import { Sagas, type OrderToPay } from './sagas';

const anOrder = (): OrderToPay => ({ orderId: randomUUID(), customerId: randomUUID(), totalAmount: '90.00' });

/** Sagas whose starts take until the test says how each comes out. */
class HeldSagas {
  readonly starts: { order: OrderToPay; succeed: (begun?: boolean) => void; fail: (error: Error) => void }[] = [];

  start(order: OrderToPay): Promise<boolean> {
    return new Promise((resolve, fail) => {
      this.starts.push({ order, succeed: (begun = true) => resolve(begun), fail });
    });
  }

  /** Waits until the n-th saga is being started, counted from 1. */
  async nth(n: number): Promise<(typeof this.starts)[number]> {
    await eventually(() => expect(this.starts.length).toBeGreaterThanOrEqual(n));
    return this.starts.at(n - 1)!;
  }
}

let sagas: HeldSagas;
let warnings: { orderId: string; err: { message: string } }[];
let starter: SagaStarter;
let backlog: { isRush: boolean };
/** Settles an order, or ends the patience with it. */
let settled: Map<string, () => void>;
beforeEach(() => {
  sagas = new HeldSagas();
  warnings = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(JSON.parse(line)) });
  settled = new Map();
  const handover = {
    settled: (orderId: string) => new Promise<null>((resolve) => settled.set(orderId, () => resolve(null))),
  };
  backlog = { isRush: false };
  starter = new SagaStarter(sagas, handover, backlog, log);
});
afterEach(async () => {
  const stopping = starter.stop();
  for (const { succeed } of sagas.starts) succeed();
  for (const settle of settled.values()) settle();
  await stopping;
});

test('has no more than 16 sagas under way, and goes on with the next when one has settled its order', async () => {
  const orders = Array.from({ length: 18 }, anOrder);
  for (const order of orders) starter.start(order);
  expect(sagas.starts.map(({ order }) => order)).toEqual(orders.slice(0, 16));

  sagas.starts[0]?.succeed();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sagas.starts).toHaveLength(16);
  settled.get(orders[0]?.orderId ?? '')?.();

  await sagas.nth(17);
  expect(sagas.starts.map(({ order }) => order)).toEqual(orders.slice(0, 17));
});

test('steps back while customers come in a rush, and goes on when they do not', async () => {
  backlog.isRush = true;
  for (let orders = 0; orders < 18; orders++) starter.start(anOrder());
  expect(sagas.starts).toHaveLength(2);

  sagas.starts[0]?.succeed(false);
  await sagas.nth(3);
  expect(sagas.starts).toHaveLength(3);
  backlog.isRush = false;
  sagas.starts[1]?.succeed(false);

  await sagas.nth(18);
});

test('goes on with the next at once where a saga was there already', async () => {
  for (let orders = 0; orders < 17; orders++) starter.start(anOrder());

  sagas.starts[0]?.succeed(false);

  await sagas.nth(17);
});

test('waits for no order to settle where it has lately been in vain, but for one in twenty', async () => {
  let waits = 0;
  const tooLate = { settled: async () => (waits++, null) };
  starter = new SagaStarter({ start: async () => true }, tooLate, backlog, pino({ level: 'silent' }));

  for (let orders = 0; orders < 400; orders++) starter.start(anOrder());
  await eventually(() => expect(waits).toBeGreaterThan(15));
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(waits).toBeLessThan(60);
});

test('warns of a saga that could not be started, and goes on with the others', async () => {
  const [failing, next] = [anOrder(), anOrder()];
  starter.start(failing);
  (await sagas.nth(1)).fail(new Error('the namespace is full'));
  starter.start(next);

  expect((await sagas.nth(2)).order).toBe(next);
  expect(warnings).toMatchObject([{ orderId: failing.orderId, err: { message: 'the namespace is full' } }]);
});

test('tries again while Temporal is away, and says so', async () => {
  const order = anOrder();
  starter.start(order);
  (await sagas.nth(1)).fail(new TemporalUnavailableError('Temporal is away'));

  expect((await sagas.nth(2)).order).toBe(order);
  expect(warnings).toMatchObject([{ orderId: order.orderId, err: { message: 'Temporal is away' } }]);
});

test('waits for the starts under way when it stops, and leaves the others to the sweeper', async () => {
  for (let orders = 0; orders < 17; orders++) starter.start(anOrder());
  let stopped = false;
  const stopping = starter.stop().then(() => (stopped = true));

  for (const { succeed } of Array.from(sagas.starts)) {
    await new Promise((resolve) => setImmediate(resolve)); // long enough to stop, or to start a 17th
    expect(stopped).toBe(false);
    succeed();
  }
  for (const settle of settled.values()) settle();

  await stopping;
  expect(sagas.starts).toHaveLength(16);
});

test('does not wait for Temporal when it stops', async () => {
  starter.start(anOrder());
  (await sagas.nth(1)).fail(new TemporalUnavailableError('Temporal is away'));
  await eventually(() => expect(warnings).toHaveLength(1));

  await starter.stop();

  expect(sagas.starts).toHaveLength(1);
});

// Sagas as they are started for real. No worker runs: none gets beyond its start.
let connection: NativeConnection;
let client: Client;
beforeAll(async () => {
  installTemporalRuntime(silentLog);
  const { address, namespace } = await createNamespace('saga-starter');
  connection = await NativeConnection.connect({ address });
  await registerSearchAttributes(connection, namespace, silentLog);
  client = new Client({ connection, namespace });
});
afterAll(async () => {
  await connection.close();
  await Runtime.instance().shutdown();
});

const realStarter = (): SagaStarter => {
  const terms = { channel: 'events', asks: 1, askTimeoutMs: 1_000 } as const;
  return new SagaStarter(
    new Sagas({ call: (use) => use(client) }, terms),
    { settled: async () => null },
    { isRush: false },
    silentLog,
  );
};

test('starts the saga of an order', async () => {
  const order = anOrder();
  const real = realStarter();
  real.start(order);
  await real.stop();

  const saga = await client.workflow.getHandle(orderWorkflowId(order.orderId)).describe();
  expect(saga).toMatchObject({ type: 'placeOrder', status: { name: 'RUNNING' } });
});

test('starts no second saga for an order, also once the first has ended', async () => {
  const order = anOrder();
  const real = realStarter();
  const saga = client.workflow.getHandle(orderWorkflowId(order.orderId));
  real.start(order);
  await eventually(() => saga.describe().then(() => undefined));
  const { runId } = await saga.describe();
  await saga.terminate();

  real.start(order);
  await real.stop();

  expect(await saga.describe()).toMatchObject({ runId, status: { name: 'TERMINATED' } });
});
