import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Servers } from '@shop/dev/servers';
import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { eventually } from '../test/eventually';
import { findPgBouncer, startPgBouncer } from '../test/pgbouncer';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from '../test/servers';
import { ServiceProcess } from '../test/service-process';
import { temporaryFolder } from '../test/temporary-folder';
import { databaseFaultOf } from './errors';
import { migrate } from './migrate';

// PgBouncer in transaction mode, with two sessions per database and user: consecutive transactions change sessions.

const describeWithPgBouncer = findPgBouncer() !== null || process.env['CI'] ? describe : describe.skip;

/** Reads what docs/configuration.md tells operators to configure for a service. */
function documentedQuery(service: string): string {
  const documented = readFileSync(join(__dirname, '../docs/configuration.md'), 'utf8');
  const [, query] = new RegExp(`^ *${service} = .* connect_query='(.*)'$`, 'm').exec(documented) ?? [];
  if (query === undefined) throw new Error(`docs/configuration.md has no connect_query for ${service}.`);
  return query;
}

describeWithPgBouncer('behind PgBouncer', () => {
  const folder = temporaryFolder('pgbouncer');
  const servers = new Servers(join(folder, 'logs'));
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let pooled: (database: string) => string;
  let discarding: (database: string) => string;

  beforeAll(async () => {
    database = await createDatabase('pgbouncer');
    const dbname = new URL(database.url).pathname.slice(1);
    const { postgresUrl } = testServers();
    const databases = {
      orders: { dbname, connectQuery: documentedQuery('orders') },
      payments: { dbname, connectQuery: documentedQuery('payments') },
      unprepared: { dbname },
    };
    pooled = await startPgBouncer({ folder, postgresUrl, databases }, servers);
    const ignored = ['options', 'statement_timeout'];
    discarding = await startPgBouncer({ name: 'discarding', folder, postgresUrl, databases, ignored }, servers);
  });
  afterEach(() => ServiceProcess.endAll());
  afterAll(async () => {
    await servers.stopAll();
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  const advisoryLocks = () =>
    withDatabase(database.url, async (sql) => {
      const { rows } = await sql.query(`SELECT pid FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      return rows;
    });

  test('concurrent migrations of both services succeed, and leave no lock behind', async () => {
    await Promise.all(
      [1, 2, 3].flatMap(() => [
        migrate(`${pooled('orders')}?pgbouncer=true`, 'orders'),
        migrate(`${pooled('payments')}?pgbouncer=true&schema=payments`, 'payments'),
      ]),
    );

    expect(await advisoryLocks()).toEqual([]);
  });

  test('both services place and pay orders without an error of the database', async () => {
    const { address, namespace } = await createNamespace('pgbouncer');
    const shared = {
      AMQP_URL: virtualHostUrl('pgbouncer'),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      SWEEP_INTERVAL: '300ms',
      SWEEP_AFTER: '1s',
    };
    const [orders, payments] = await Promise.all([
      ServiceProcess.start('order-management', { ...shared, DATABASE_URL: `${pooled('orders')}?pgbouncer=true` }),
      ServiceProcess.start('payment-processing', {
        ...shared,
        DATABASE_URL: `${pooled('payments')}?pgbouncer=true&schema=payments`,
      }),
    ]);
    const product = await orders.request<{ productId: string }>('POST', '/product', {
      name: 'Mug',
      price: 4.5,
      description: 'Blue',
      quantityAvailable: 100,
      productType: 'Kitchen',
    });

    const order = {
      customerId: PREDEFINED_CUSTOMER.customerId,
      products: [{ productId: product.productId, orderedQuantity: 1 }],
    };
    await Promise.all(Array.from({ length: 40 }, () => orders.request('POST', '/order', order)));

    await eventually(async () => {
      const all = await orders.request<{ orderStatus: string; orderDate: string }[]>('GET', '/order');
      expect(all.map(({ orderStatus }) => orderStatus)).toEqual(Array.from({ length: 40 }, () => 'shipped'));
      // A session with another time zone would show another time.
      for (const { orderDate } of all) expect(Math.abs(Date.parse(orderDate) - Date.now())).toBeLessThan(600_000);
    }, 60_000);
    // Prisma's errors contain SQLSTATEs. Errors of Temporal and RabbitMQ do not matter here.
    const errors = [orders, payments].flatMap(({ output }) => output.match(/^.*"err":.*Prisma.*$/gm) ?? []);
    expect(errors).toEqual([]);
  });

  test.each([
    ['rejects', () => pooled('orders')],
    ['silently discards', () => discarding('orders')],
  ])('a start fails if PgBouncer %s the settings of a session', async (_, url) => {
    const error: unknown = await migrate(url(), 'orders').catch((failure: unknown) => failure);

    expect(String(error)).toMatch(/^DatabaseSetupError: .* Add pgbouncer=true to DATABASE_URL/);
    expect(databaseFaultOf(error)).toBe('bug');
  });

  test('a start fails if the sessions of PgBouncer are not set up, and prints the configuration that is missing', async () => {
    const url = `${pooled('unprepared')}?pgbouncer=true&schema=payments`;
    const service = await ServiceProcess.launch('payment-processing', { DATABASE_URL: url, AMQP_URL: 'none' });

    expect(await service.ended).toMatchObject({ code: 1 });
    const [printed] = /connect_query='.*?'/.exec(service.output.replaceAll('\\"', '"')) ?? [];
    expect(printed).toBe(`connect_query='${documentedQuery('payments')}'`);
  });
});
