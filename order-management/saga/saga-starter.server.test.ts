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

/** Fakes sagas. The test ends each start. */
class HeldSagas {
  readonly starts: { order: OrderToPay; succeed: (started?: boolean) => void; fail: (error: Error) => void }[] = [];

  start(order: OrderToPay): Promise<boolean> {
    return new Promise((resolve, fail) => {
      this.starts.push({ order, succeed: (started = true) => resolve(started), fail });
    });
  }

  /** Waits for a start. The first has the number 1. */
  async waitForStart(number: number): Promise<(typeof this.starts)[number]> {
    await eventually(() => expect(this.starts.length).toBeGreaterThanOrEqual(number));
    return this.starts.at(number - 1)!;
  }
}

let sagas: HeldSagas;
let warnings: { orderId: string; err: { message: string } }[];
let starter: SagaStarter;
/** Runs each start immediately. Other tests cover the limit. */
const noLimit = {
  run: (_: string, start: (attempt: () => void) => Promise<boolean>) => start(() => undefined).then(() => undefined),
};
beforeEach(() => {
  sagas = new HeldSagas();
  warnings = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(JSON.parse(line)) });
  starter = new SagaStarter(sagas, noLimit, log);
});
afterEach(async () => {
  const stopping = starter.stop();
  for (const { succeed } of sagas.starts) succeed();
  await stopping;
});

test('logs a warning about a saga that cannot be started, and starts the others', async () => {
  const [failing, next] = [anOrder(), anOrder()];
  starter.start(failing);
  (await sagas.waitForStart(1)).fail(new Error('the namespace is full'));
  starter.start(next);

  expect((await sagas.waitForStart(2)).order).toBe(next);
  expect(warnings).toMatchObject([{ orderId: failing.orderId, err: { message: 'the namespace is full' } }]);
});

test('retries while Temporal is unavailable, and logs a warning', async () => {
  const order = anOrder();
  starter.start(order);
  (await sagas.waitForStart(1)).fail(new TemporalUnavailableError('Temporal is unavailable'));

  expect((await sagas.waitForStart(2)).order).toBe(order);
  expect(warnings).toMatchObject([{ orderId: order.orderId, err: { message: 'Temporal is unavailable' } }]);
});

test('waits for the starts in flight when it stops, and does not begin the others', async () => {
  const queue: (() => Promise<void>)[] = [];
  const oneAtATime = {
    run: (_: string, start: (attempt: () => void) => Promise<boolean>) =>
      new Promise<void>((resolve) => queue.push(() => start(() => undefined).then(() => resolve()))),
  };
  starter = new SagaStarter(sagas, oneAtATime, pino({ level: 'silent' }));
  starter.start(anOrder());
  starter.start(anOrder());
  const first = queue[0]?.();
  let stopped = false;
  const stopping = starter.stop().then(() => (stopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);

  sagas.starts[0]?.succeed();
  await first;
  await queue[1]?.();

  await stopping;
  expect(sagas.starts).toHaveLength(1);
});

test('does not wait for Temporal when it stops', async () => {
  starter.start(anOrder());
  (await sagas.waitForStart(1)).fail(new TemporalUnavailableError('Temporal is unavailable'));
  await eventually(() => expect(warnings).toHaveLength(1));

  await starter.stop();

  expect(sagas.starts).toHaveLength(1);
});

// The tests below start sagas on a real Temporal server. No worker runs, so no saga executes.
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
  const terms = { channel: 'events', maxRequests: 1, answerTimeoutMs: 1_000 } as const;
  return new SagaStarter(new Sagas({ call: (use) => use(client) }, terms), noLimit, silentLog);
};

test('starts the saga of an order', async () => {
  const order = anOrder();
  const real = realStarter();
  real.start(order);
  await real.stop();

  const saga = await client.workflow.getHandle(orderWorkflowId(order.orderId)).describe();
  expect(saga).toMatchObject({ type: 'placeOrder', status: { name: 'RUNNING' } });
});

test('starts no second saga for an order, even after the first has ended', async () => {
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
