import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { SERVICES } from '@shop/dev/service-program';
import type { Starter } from '@shop/dev/servers';
import { startServices } from '@shop/dev/services';
import type { BenchEnvironment } from '../environment/bench-environment';
import { insertFixture } from '../load/fixture';
import { inspectDatabase, inspectFloor, type OrderInspector } from '../measurement/order-inspector';
import { createOrderTables } from './order-tables';

/** A part of a candidate whose CPU and memory are reported: one process with all its child processes. */
export type Component = 'orders' | 'payments' | 'engine' | 'PostgreSQL' | 'RabbitMQ';

export interface RunningCandidate {
  /** The URL that accepts `POST` of an order. */
  url: string;
  inspector: OrderInspector;
  /** The name of the server process of each component. */
  components: Partial<Record<Component, string>>;
}

export interface Candidate {
  name: CandidateName;
  title: string;
  start: (environment: BenchEnvironment) => Promise<RunningCandidate>;
}

export type CandidateName = 'ours' | 'floor' | 'newcomer' | 'dbos' | 'restate' | 'express';

const SHARED = { PostgreSQL: 'postgresql', RabbitMQ: 'rabbitmq' } as const;
const TEMPORAL = { engine: 'temporal' } as const;

/** This shop, whose services can be restarted. */
export interface RunningShop extends RunningCandidate {
  /** Restarts both services on the same ports, also if one has ended. */
  restartServices: () => Promise<void>;
}

/**
 * Starts this shop's services as `make run` does.
 *
 * @param startTemporal starts Temporal and returns its address; by default the development server
 * @param fill fills the empty database before the services start
 * @param servers starts the services
 */
export async function startOurs(
  environment: BenchEnvironment,
  startTemporal = (): Promise<string> => environment.startTemporal(),
  fill = async (_databaseUrl: string): Promise<void> => undefined,
  servers: Starter = environment.candidateServers,
): Promise<RunningShop> {
  const databaseUrl = await environment.createDatabase('ours');
  await fill(databaseUrl);
  const temporalAddress = await startTemporal();
  const orderPort = await freePort();
  const services = {
    databaseUrl,
    paymentsDatabaseUrl: `${databaseUrl}?schema=payments`,
    amqpUrl: await environment.emptyVirtualHost('ours'),
    temporalAddress,
    orderPort,
    paymentPort: await freePort(),
  };
  const start = (): Promise<void> => startServices(services, servers, () => undefined);
  await start();
  await insertFixture(databaseUrl);
  return {
    url: `http://127.0.0.1:${orderPort}/orderManagement/order`,
    inspector: await inspectDatabase(databaseUrl),
    components: { orders: 'order-management', payments: 'payment-processing', ...TEMPORAL, ...SHARED },
    restartServices: async () => {
      for (const name of SERVICES.toReversed()) await environment.candidateServers.end(name);
      await start();
    },
  };
}

async function startFloor(environment: BenchEnvironment): Promise<RunningCandidate> {
  const url = await startOrderProcess(environment, 'floor', { TEMPORAL_ADDRESS: await environment.startTemporal() });
  return { url: `${url}/order`, inspector: inspectFloor(url), components: { orders: 'orders', ...TEMPORAL } };
}

const startNewcomer = (environment: BenchEnvironment): Promise<RunningCandidate> =>
  startWithMessages(environment, 'newcomer', 'newcomer', async () => ({
    components: TEMPORAL,
    env: { TEMPORAL_ADDRESS: await environment.startTemporal() },
  }));

const startExpress = (environment: BenchEnvironment): Promise<RunningCandidate> =>
  startWithMessages(environment, 'express', 'express', async () => ({ components: {}, env: {} }));

const startDbos = (environment: BenchEnvironment): Promise<RunningCandidate> =>
  startWithMessages(environment, 'dbos', '../peers/dbos', async () => ({ components: {}, env: {} }));

const startRestate = (environment: BenchEnvironment): Promise<RunningCandidate> =>
  startWithMessages(environment, 'restate', '../peers/restate', async () => ({
    components: { engine: 'restate-server' },
    env: { ...(await startRestateServer(environment)), SERVICE_PORT: String(await freePort()) },
  }));

/** Starts a candidate of this folder: its engine, its order process and the payment process. */
async function startWithMessages(
  environment: BenchEnvironment,
  name: CandidateName,
  program: string,
  startEngine: () => Promise<{ components: RunningCandidate['components']; env: NodeJS.ProcessEnv }>,
): Promise<RunningCandidate> {
  const databaseUrl = await environment.createDatabase(name);
  await createOrderTables(databaseUrl);
  await insertFixture(databaseUrl);
  const engine = await startEngine();
  const env = { ...engine.env, DATABASE_URL: databaseUrl, AMQP_URL: await environment.emptyVirtualHost(name) };
  const url = await startOrderProcess(environment, program, env);
  await environment.candidateServers.start({
    name: 'payments',
    program: process.execPath,
    args: [join(__dirname, 'payment-process')],
    env: { ...process.env, ...env },
    isReady: async () => true, // requests that arrive before it is ready wait in its queue
  });
  return {
    url: `${url}/order`,
    inspector: await inspectDatabase(databaseUrl),
    components: { orders: 'orders', payments: 'payments', ...engine.components, ...SHARED },
  };
}

/** @returns the base URL of the order process */
async function startOrderProcess(
  environment: BenchEnvironment,
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const url = `http://127.0.0.1:${await freePort()}`;
  await environment.candidateServers.start({
    name: 'orders',
    program: process.execPath,
    args: [join(__dirname, program)],
    env: { ...process.env, ...env, PORT: new URL(url).port },
    isReady: async () => (await fetch(`${url}/health`)).ok,
  });
  return url;
}

const freeAddress = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

/** @returns the settings that an order process needs to reach the server */
async function startRestateServer(environment: BenchEnvironment): Promise<NodeJS.ProcessEnv> {
  const folder = join(environment.folder, 'restate');
  rmSync(folder, { recursive: true, force: true });
  const [node, ingress, admin] = [await freeAddress(), await freeAddress(), await freeAddress()];
  const installed = dirname(
    require.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/package.json`),
  );
  await environment.candidateServers.start({
    name: 'restate-server',
    program: join(installed, 'bin', 'restate-server'),
    args: [
      '--no-logo',
      `--base-dir=${folder}`,
      '--node-name=bench',
      '--listen-mode=tcp',
      `--bind-address=${node}`,
      `--advertised-address=http://${node}/`,
    ],
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: ingress,
      RESTATE_ADMIN__BIND_ADDRESS: admin,
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
    isReady: async () =>
      (await fetch(`http://${admin}/health`)).ok && (await fetch(`http://${ingress}/restate/health`)).ok,
  });
  return { RESTATE_INGRESS: `http://${ingress}`, RESTATE_ADMIN: `http://${admin}` };
}

/** All candidates, in the order of the report's tables. */
export const candidates: Candidate[] = [
  { name: 'ours', title: 'this shop', start: (environment) => startOurs(environment) },
  { name: 'floor', title: "Temporal's floor", start: startFloor },
  { name: 'newcomer', title: "a newcomer's saga", start: startNewcomer },
  { name: 'dbos', title: 'DBOS', start: startDbos },
  { name: 'restate', title: 'Restate', start: startRestate },
  { name: 'express', title: 'Express and pg, not durable', start: startExpress },
];
