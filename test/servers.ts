import { randomBytes } from 'node:crypto';
import { migrate } from '@shop/prisma/migrate';
import { Connection } from '@temporalio/client';
import Long from 'long';
import { Client as PgClient, escapeIdentifier } from 'pg';

/** Where `start-servers.ts` has put the servers that all suites share; what each suite does there is its own. */
export interface TestServers {
  /** A PostgreSQL server, its maintenance database. */
  postgresUrl: string;
  /** A RabbitMQ broker, without a virtual host. */
  amqpUrl: string;
  temporalAddress: string;
}

export const SERVERS_VARIABLE = 'ORDER_PLACEMENT_TEST_SERVERS';

/** The virtual hosts that the broker is started with: one for each suite that talks to it. */
export const VIRTUAL_HOSTS = [
  'amqp',
  'bridge',
  'bridge-faults',
  'conformance',
  'documents',
  'parked',
  'payments',
  'run',
  'system',
  'takeover',
] as const;

export function testServers(): TestServers {
  const servers = process.env[SERVERS_VARIABLE];
  if (!servers) throw new Error('The test servers are not running: run the tests with npm test.');
  return JSON.parse(servers) as TestServers;
}

const unique = (suite: string): string => `${suite}_${randomBytes(4).toString('hex')}`.replaceAll('-', '_');

/** An empty database of a suite's own. */
export async function createDatabase(suite: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const { postgresUrl } = testServers();
  const name = unique(suite);
  await administer(postgresUrl, `CREATE DATABASE ${escapeIdentifier(name)}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    drop: () => administer(postgresUrl, `DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`),
  };
}

/** A database of a suite's own, with the tables of both services. */
export async function createShopDatabase(
  suite: string,
): Promise<{ ordersUrl: string; paymentsUrl: string; drop: () => Promise<void> }> {
  const { url, drop } = await createDatabase(suite);
  const paymentsUrl = `${url}?schema=payments`;
  await migrate(url, 'orders');
  await migrate(paymentsUrl, 'payments');
  return { ordersUrl: url, paymentsUrl, drop };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new PgClient({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The URL of a suite's own virtual host. */
export function virtualHostUrl(name: (typeof VIRTUAL_HOSTS)[number]): string {
  return `${testServers().amqpUrl}/${name}`;
}

/** A Temporal namespace of a suite's own. */
export async function createNamespace(suite: string): Promise<{ address: string; namespace: string }> {
  const address = testServers().temporalAddress;
  const namespace = unique(suite);
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: Long.fromNumber(24 * 60 * 60) },
    });
  } finally {
    await connection.close();
  }
  return { address, namespace };
}
