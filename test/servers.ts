import { randomBytes } from 'node:crypto';
import { migrate } from '@shop/prisma/migrate';
import { Connection } from '@temporalio/client';
import Long from 'long';
import { Client as PgClient, escapeIdentifier } from 'pg';

/** The servers that `start-servers.ts` started for all test files. Each file uses its own database and so on. */
export interface TestServers {
  /** The URL of the maintenance database. */
  postgresUrl: string;
  /** The broker's URL without a virtual host. */
  amqpUrl: string;
  /** What `controlRabbitMq` needs to administer the broker. */
  brokerNode: { program: string; folder: string; mapperPort: number };
  temporalAddress: string;
  temporalUiUrl: string;
}

export const SERVERS_VARIABLE = 'ORDER_PLACEMENT_TEST_SERVERS';

/** The virtual hosts of the broker, one per test file that uses it. */
export const VIRTUAL_HOSTS = [
  'adoption',
  'amqp',
  'bridge',
  'bridge-faults',
  'conformance',
  'console',
  'console-answers',
  'console-outages',
  'console-people',
  'console-place',
  'console-reader',
  'console-roles',
  'console-tasks',
  'documents',
  'interop',
  'jaeger',
  'metrics',
  'monitored',
  'outages',
  'parked',
  'parked-api',
  'payments',
  'pgbouncer',
  'privileges',
  'run',
  'stop',
  'system',
  'takeover',
  'tracing',
  'web-ui',
] as const;

export function testServers(): TestServers {
  const servers = process.env[SERVERS_VARIABLE];
  if (!servers) throw new Error('The test servers are not running. Jest starts them for files named *.server.test.ts.');
  return JSON.parse(servers) as TestServers;
}

const unique = (suite: string): string => `${suite}_${randomBytes(4).toString('hex')}`.replaceAll('-', '_');

/** Creates an empty database for a test file. */
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

/** Creates a database with the tables of both services for a test file. */
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

/** Returns the URL of a test file's virtual host. */
export function virtualHostUrl(name: (typeof VIRTUAL_HOSTS)[number]): string {
  return `${testServers().amqpUrl}/${name}`;
}

/** Creates a Temporal namespace for a test file. */
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
