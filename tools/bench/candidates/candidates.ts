import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { startServices } from '@shop/dev/services';
import { createOrderTables } from './order-tables';
import { stockUp } from '../load/fixture';
import { openDatabaseBook, openFloorBook, type OrderBook } from '../measurement/order-inspector';
import type { Stage } from '../environment/bench-environment';

/** What a contestant is made of; each part is one process with all that it has started. */
export type Part = 'orders' | 'payments' | 'engine' | 'PostgreSQL' | 'RabbitMQ';

/** A contestant that is on stage. */
export interface Running {
  /** Where orders are posted to. */
  url: string;
  book: OrderBook;
  /** The server that each of its parts is. */
  parts: Partial<Record<Part, string>>;
}

export interface Contestant {
  name: ContestantName;
  title: string;
  start: (stage: Stage) => Promise<Running>;
}

export type ContestantName = 'ours' | 'floor' | 'newcomer' | 'dbos' | 'restate' | 'express';

const SHARED = { PostgreSQL: 'postgresql', RabbitMQ: 'rabbitmq' } as const;
const TEMPORAL = { engine: 'temporal' } as const;

/** The services as `make run` starts them, on Temporal's development server or another. */
export async function startOurs(
  stage: Stage,
  startTemporal = (): Promise<string> => stage.startTemporal(),
): Promise<Running> {
  const databaseUrl = await stage.emptyDatabase('ours');
  const temporalAddress = await startTemporal();
  const orderPort = await freePort();
  await startServices(
    {
      databaseUrl,
      paymentsDatabaseUrl: `${databaseUrl}?schema=payments`,
      amqpUrl: await stage.emptyVirtualHost('ours'),
      temporalAddress,
      orderPort,
      paymentPort: await freePort(),
    },
    stage.own,
    () => undefined,
  );
  await stockUp(databaseUrl);
  return {
    url: `http://127.0.0.1:${orderPort}/orderManagement/order`,
    book: await openDatabaseBook(databaseUrl),
    parts: { orders: 'order-management', payments: 'payment-processing', ...TEMPORAL, ...SHARED },
  };
}

async function startFloor(stage: Stage): Promise<Running> {
  const url = await startOrders(stage, 'floor', { TEMPORAL_ADDRESS: await stage.startTemporal() });
  return { url: `${url}/order`, book: openFloorBook(url), parts: { orders: 'orders', ...TEMPORAL } };
}

const startNewcomer = (stage: Stage): Promise<Running> =>
  startWithMessages(stage, 'newcomer', 'newcomer', async () => ({
    parts: TEMPORAL,
    env: { TEMPORAL_ADDRESS: await stage.startTemporal() },
  }));

const startExpress = (stage: Stage): Promise<Running> =>
  startWithMessages(stage, 'express', 'express', async () => ({ parts: {}, env: {} }));

const startDbos = (stage: Stage): Promise<Running> =>
  startWithMessages(stage, 'dbos', '../peers/dbos', async () => ({ parts: {}, env: {} }));

const startRestate = (stage: Stage): Promise<Running> =>
  startWithMessages(stage, 'restate', '../peers/restate', async () => ({
    parts: { engine: 'restate-server' },
    env: { ...(await startRestateServer(stage)), SERVICE_PORT: String(await freePort()) },
  }));

/** A contestant of the bench's own: the order process that is named, the payment process, and what else it needs. */
async function startWithMessages(
  stage: Stage,
  name: ContestantName,
  program: string,
  startEngine: () => Promise<{ parts: Running['parts']; env: NodeJS.ProcessEnv }>,
): Promise<Running> {
  const databaseUrl = await stage.emptyDatabase(name);
  await createOrderTables(databaseUrl);
  await stockUp(databaseUrl);
  const engine = await startEngine();
  const env = { ...engine.env, DATABASE_URL: databaseUrl, AMQP_URL: await stage.emptyVirtualHost(name) };
  const url = await startOrders(stage, program, env);
  await stage.own.start({
    name: 'payments',
    program: process.execPath,
    args: [join(__dirname, 'payment-process')],
    env: { ...process.env, ...env },
    isReady: async () => true, // what it misses waits in its queue
  });
  return {
    url: `${url}/order`,
    book: await openDatabaseBook(databaseUrl),
    parts: { orders: 'orders', payments: 'payments', ...engine.parts, ...SHARED },
  };
}

async function startOrders(stage: Stage, program: string, env: NodeJS.ProcessEnv): Promise<string> {
  const url = `http://127.0.0.1:${await freePort()}`;
  await stage.own.start({
    name: 'orders',
    program: process.execPath,
    args: [join(__dirname, program)],
    env: { ...process.env, ...env, PORT: new URL(url).port },
    isReady: async () => (await fetch(`${url}/health`)).ok,
  });
  return url;
}

const at = (port: number): string => `127.0.0.1:${port}`;

async function startRestateServer(stage: Stage): Promise<NodeJS.ProcessEnv> {
  const folder = join(stage.folder, 'restate');
  rmSync(folder, { recursive: true, force: true });
  const [node, ingress, admin] = [await freePort(), await freePort(), await freePort()];
  const installed = dirname(
    require.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/package.json`),
  );
  await stage.own.start({
    name: 'restate-server',
    program: join(installed, 'bin', 'restate-server'),
    args: [
      '--no-logo',
      `--base-dir=${folder}`,
      '--node-name=bench',
      '--listen-mode=tcp',
      `--bind-address=${at(node)}`,
      `--advertised-address=http://${at(node)}/`,
    ],
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: at(ingress),
      RESTATE_ADMIN__BIND_ADDRESS: at(admin),
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
    isReady: async () =>
      (await fetch(`http://${at(admin)}/health`)).ok && (await fetch(`http://${at(ingress)}/restate/health`)).ok,
  });
  return { RESTATE_INGRESS: `http://${at(ingress)}`, RESTATE_ADMIN: `http://${at(admin)}` };
}

/** In the order of the table. */
export const contestants: Contestant[] = [
  { name: 'ours', title: 'this shop', start: (stage) => startOurs(stage) },
  { name: 'floor', title: "Temporal's floor", start: startFloor },
  { name: 'newcomer', title: "a newcomer's saga", start: startNewcomer },
  { name: 'dbos', title: 'DBOS', start: startDbos },
  { name: 'restate', title: 'Restate', start: startRestate },
  { name: 'express', title: 'Express and pg, not durable', start: startExpress },
];
