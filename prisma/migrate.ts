import { randomUUID } from 'node:crypto';
import { escapeIdentifier, type Client } from 'pg';
import { connect } from './connect';
import { connectionOf, type Connection } from './connection';
import { missingMigrations, type History, type Migration } from './missing-migrations';
import { checkSession } from './session';

// Identifies the advisory lock under which instances that start at the same time migrate one after the other. Prisma's
// own commands use the same number.
const MIGRATION_LOCK = 72707369;

/** The part of a logger that this file uses. */
export interface MigrationLog {
  warn(fields: object, message: string): void;
}

/**
 * Applies the migrations that a database does not have yet. Creates the database and the schema if they do not exist.
 * Several instances may call this function at the same time. If nothing is missing, it needs no right to create anything.
 *
 * It does what `prisma migrate deploy` does, and writes the same records to `_prisma_migrations`, so that Prisma's own
 * commands keep working. Those commands need Prisma's native engine, which the running service does not.
 *
 * @returns the names of the applied migrations, the oldest first
 * @throws {DatabaseSetupError} if an applied migration has changed since, or sessions are not set up as required
 * @throws {Error} if a migration fails, which rolls it back; its cause is the error of the database
 */
export async function migrate(url: string, history: History, log?: MigrationLog): Promise<string[]> {
  const connection = connectionOf(url, `${history} migration`);
  await createDatabaseIfMissing(url, connection);
  const client = await connect(connection);
  try {
    const missing = await missingMigrations(client, connection.schema, history);
    const applied = missing.length > 0 ? await applyMissing(client, connection.schema, history, log) : [];
    await checkSession(client, connection);
    return applied;
  } finally {
    await client.end();
  }
}

/**
 * Applies the missing migrations in one transaction. A lock and a setting that outlive their transaction would stay in a
 * session of PgBouncer, which then serves other clients.
 */
async function applyMissing(client: Client, schema: string, history: History, log?: MigrationLog): Promise<string[]> {
  await client.query('BEGIN');
  // The limits of the server, the database or the role are meant for other statements.
  for (const limit of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    await client.query(`SET LOCAL ${limit} = 0`);
  }
  await takeLock(client, log);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
  await client.query(`SET LOCAL search_path = ${escapeIdentifier(schema)}`);
  await client.query(CREATE_RECORDS_TABLE);

  const missing = await missingMigrations(client, schema, history);
  for (const migration of missing) await apply(client, migration);
  await client.query('COMMIT');
  return missing.map(({ name }) => name);
}

/** Waits until no other transaction holds the migration lock, and takes it until the end of the transaction. */
async function takeLock(client: Client, log?: MigrationLog): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [
    MIGRATION_LOCK,
  ]);
  if (rows[0]?.taken) return;
  const { rows: holders } = await client.query(LOCK_HOLDERS, [MIGRATION_LOCK]);
  log?.warn({ holders }, 'waiting for another migration to end');
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
}

const LOCK_HOLDERS = `
  SELECT pid, application_name AS "applicationName", client_addr AS "clientAddress", backend_start AS "connectedAt", state
  FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const DATABASE_DOES_NOT_EXIST = '3D000';
const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';

async function createDatabaseIfMissing(url: string, connection: Connection): Promise<void> {
  try {
    const probe = await connect(connection);
    await probe.end();
  } catch (error) {
    if (!hasCode(error, DATABASE_DOES_NOT_EXIST)) throw error;
    const adminUrl = new URL(url);
    adminUrl.pathname = '/postgres';
    const admin = await connect(connectionOf(adminUrl.toString(), connection.fallback_application_name));
    try {
      await admin.query(`CREATE DATABASE ${escapeIdentifier(connection.database)}`);
    } catch (raced) {
      // Another instance created the database at the same time.
      if (!hasCode(raced, DUPLICATE_DATABASE) && !hasCode(raced, UNIQUE_VIOLATION)) throw raced;
    } finally {
      await admin.end();
    }
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Applies a migration. If it fails, commits those before it. */
async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('SAVEPOINT migration');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
  } catch (error) {
    // If the connection is lost, the server rolls back everything.
    await client.query('ROLLBACK TO SAVEPOINT migration; COMMIT').catch(() => undefined);
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
