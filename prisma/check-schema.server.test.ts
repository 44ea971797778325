import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createDatabase } from '../test/servers';
import { checkSchema } from './check-schema';
import { databaseFaultOf } from './errors';
import { migrate } from './migrate';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeEach(async () => {
  database = await createDatabase('check_schema');
});
afterEach(() => database.drop());

async function query(sql: string, url = database.url): Promise<object[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as object[];
  } finally {
    await client.end();
  }
}

const failureOf = (history: 'orders' | 'payments', url = database.url): Promise<unknown> =>
  checkSchema(url, history).catch((error: unknown) => error);

test('resolves if no migration is missing', async () => {
  await migrate(database.url, 'orders');

  await expect(checkSchema(database.url, 'orders')).resolves.toBeUndefined();
});

test.each([
  ['in an empty database', ''],
  ['in a schema that does not exist', '?schema=payments'],
])('names every migration %s, and counts as unavailable until they are applied', async (_, schema) => {
  const error = await failureOf('payments', database.url + schema);

  expect(String(error)).toMatch(
    /^SchemaOutdatedError: The schema \w+ lacks the payments migrations 0001_payments, .*MIGRATE=only/,
  );
  expect(databaseFaultOf(error)).toBe('unavailable');
  expect(await query("SELECT FROM pg_tables WHERE tablename = '_prisma_migrations'")).toEqual([]);
});

test('names a migration that an older version did not have', async () => {
  await migrate(database.url, 'payments');
  await query("DELETE FROM _prisma_migrations WHERE migration_name = '0003_payment_list'");

  expect(String(await failureOf('payments'))).toContain('lacks the payments migrations 0003_payment_list. Run');
});

test('ignores the migrations of a newer version', async () => {
  await migrate(database.url, 'payments');
  await query(
    "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', '2', '9999_new', now())",
  );

  await expect(checkSchema(database.url, 'payments')).resolves.toBeUndefined();
});

test('rejects a migration that has changed since it was applied', async () => {
  await migrate(database.url, 'payments');
  await query("UPDATE _prisma_migrations SET checksum = 'of an older text' WHERE migration_name = '0001_payments'");

  expect(String(await failureOf('payments'))).toContain('Migration payments/0001_payments has changed');
});

test('a role that may create nothing can start without MIGRATE=off if no migration is missing', async () => {
  await migrate(`${database.url}?schema=payments`, 'payments');
  const role = new URL(database.url).pathname.slice(1); // unique, like the name of the database
  await query(`CREATE ROLE "${role}" LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA payments TO "${role}";
    GRANT SELECT ON payments._prisma_migrations TO "${role}"`);
  const url = new URL(`${database.url}?schema=payments`);
  url.username = role;
  url.password = 'secret';

  await expect(migrate(url.toString(), 'payments')).resolves.toEqual([]);

  await query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
});
