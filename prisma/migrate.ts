import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeIdentifier, type Client } from 'pg';
import { connectionOf, type Connection } from './connection';

/** The migrations of one service: a folder in Prisma's layout. */
export type History = 'orders' | 'payments';

// Identifies the advisory lock under which instances that start at the same time migrate one after the other. Prisma's
// own commands use the same number.
const MIGRATION_LOCK = 72707369;

/**
 * Applies the migrations that a database does not have yet. Creates the database and the schema if they do not exist.
 * Several instances may call this function at the same time.
 *
 * It does what `prisma migrate deploy` does, and writes the same records to `_prisma_migrations`, so that Prisma's own
 * commands keep working. Those commands need Prisma's native engine, which the running service does not.
 *
 * @returns the names of the applied migrations, the oldest first
 * @throws {Error} if a migration fails, which rolls it back, or if an applied migration has changed since
 */
export async function migrate(url: string, history: History): Promise<string[]> {
  await createDatabaseIfMissing(url);
  const { schema, ...config } = connectionOf(url);
  const client = createClient(config);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
    await client.query(CREATE_RECORDS_TABLE);

    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const recorded = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    const applied: string[] = [];
    for (const { name, sql, checksum } of await readMigrations(history)) {
      if (!recorded.has(name)) {
        await apply(client, name, sql, checksum);
        applied.push(name);
      } else if (recorded.get(name) !== checksum) {
        throw new Error(
          `Migration ${history}/${name} has changed since it was applied. Restore the file, and put the change into a new migration.`,
        );
      }
    }
    return applied;
  } finally {
    await client.end(); // also releases the lock
  }
}

const DATABASE_DOES_NOT_EXIST = '3D000';
const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';

async function createDatabaseIfMissing(url: string): Promise<void> {
  const { database, ...config } = connectionOf(url);
  const probe = createClient(config);
  try {
    await probe.connect();
  } catch (error) {
    if (!hasCode(error, DATABASE_DOES_NOT_EXIST)) throw error;
    const adminUrl = new URL(url);
    adminUrl.pathname = '/postgres';
    const admin = createClient(connectionOf(adminUrl.toString()));
    await admin.connect();
    try {
      await admin.query(`CREATE DATABASE ${escapeIdentifier(database)}`);
    } catch (raced) {
      // Another instance created the database at the same time.
      if (!hasCode(raced, DUPLICATE_DATABASE) && !hasCode(raced, UNIQUE_VIOLATION)) throw raced;
    } finally {
      await admin.end();
    }
    return;
  }
  await probe.end();
}

function createClient({ Client, ...config }: Omit<Connection, 'database' | 'schema'>): Client {
  const client = new Client(config);
  client.on('error', () => undefined); // a connection that breaks between two queries fails the next one
  return client;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function readMigrations(history: History): Promise<{ name: string; sql: string; checksum: string }[]> {
  const folder = join(require.resolve('@shop/prisma/package.json'), '..', history, 'migrations');
  const names = (await readdir(folder, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function apply(client: Client, name: string, sql: string, checksum: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // if the connection is lost, the server rolls back
    throw new Error(`Migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

// As Prisma creates it.
const CREATE_RECORDS_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;
