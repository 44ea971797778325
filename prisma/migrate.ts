import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier, type ClientConfig } from 'pg';
import { connectionOf } from './connection';

/** The services' migration histories, each in Prisma's own layout. */
export type History = 'orders' | 'payments';

// Any number that nothing else locks; instances that start at once queue up behind it.
const MIGRATION_LOCK = 72707369;

/**
 * Brings a database up to the last migration of a history, creating the database or the schema where it is missing.
 *
 * Does what `prisma migrate deploy` does, and keeps the same records, so that Prisma's own commands agree with it; the
 * product needs no native engine at start for that. Safe with several instances starting at once.
 *
 * @returns the names of the migrations that were applied, oldest first
 * @throws where a migration fails (nothing of it stays) or an applied one has been changed since
 */
export async function migrate(url: string, history: History): Promise<string[]> {
  await createDatabaseIfMissing(url);
  const { schema, ...config } = connectionOf(url);
  const client = clientOf(config);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
    await client.query(RECORDS);

    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const recorded = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    const applied: string[] = [];
    for (const { name, sql, checksum } of await migrationsOf(history)) {
      if (!recorded.has(name)) {
        await apply(client, name, sql, checksum);
        applied.push(name);
      } else if (recorded.get(name) !== checksum) {
        throw new Error(
          `Migration ${history}/${name} was changed after it had been applied; restore it, and put the change into a new migration.`,
        );
      }
    }
    return applied;
  } finally {
    await client.end(); // gives the lock back as well
  }
}

async function createDatabaseIfMissing(url: string): Promise<void> {
  const { database, ...config } = connectionOf(url);
  const probe = clientOf(config);
  try {
    await probe.connect();
  } catch (error) {
    if (!hasCode(error, '3D000')) throw error;
    const adminUrl = new URL(url);
    adminUrl.pathname = '/postgres';
    const admin = clientOf(connectionOf(adminUrl.toString()));
    await admin.connect();
    try {
      await admin.query(`CREATE DATABASE ${escapeIdentifier(database)}`);
    } catch (raced) {
      // 42P04, 23505: another instance was faster.
      if (!hasCode(raced, '42P04') && !hasCode(raced, '23505')) throw raced;
    } finally {
      await admin.end();
    }
    return;
  }
  await probe.end();
}

function clientOf(config: ClientConfig): Client {
  const client = new Client(config);
  client.on('error', () => undefined); // a connection that breaks between two queries is told by the next
  return client;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function migrationsOf(history: History): Promise<{ name: string; sql: string; checksum: string }[]> {
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
    await client.query('ROLLBACK').catch(() => undefined); // a connection that is lost does so by itself
    throw new Error(`Migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

// As Prisma creates it.
const RECORDS = `
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
