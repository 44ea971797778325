import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeIdentifier, type Client } from 'pg';
import { DatabaseSetupError, sqlStateOf } from './errors';

/** The migrations of one service: a folder in Prisma's layout. */
export type History = 'orders' | 'payments';

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Reads which migrations a schema lacks, the oldest first.
 *
 * @throws {DatabaseSetupError} if an applied migration has changed since
 */
export async function missingMigrations(client: Client, schema: string, history: History): Promise<Migration[]> {
  const recorded = await recordedChecksums(client, schema);
  const migrations = await readMigrations(history);
  for (const { name, checksum } of migrations) {
    if (!recorded.has(name) || recorded.get(name) === checksum) continue;
    throw new DatabaseSetupError(
      `Migration ${history}/${name} has changed since it was applied. Restore the file, and put the change into a new migration.`,
    );
  }
  return migrations.filter(({ name }) => !recorded.has(name));
}

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';

/** Reads the checksums of the applied migrations by their names; none if the table of the records does not exist. */
async function recordedChecksums(client: Client, schema: string): Promise<Map<string, string>> {
  try {
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      `SELECT migration_name, checksum FROM ${escapeIdentifier(schema)}._prisma_migrations
       WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    return new Map(rows.map((row) => [row.migration_name, row.checksum]));
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === UNDEFINED_TABLE || state === UNDEFINED_SCHEMA) return new Map();
    throw error;
  }
}

/** Reads the migrations of a service, the oldest first. */
async function readMigrations(history: History): Promise<Migration[]> {
  const folder = join(require.resolve('@shop/prisma/package.json'), '..', history, 'migrations');
  const names = (await readdir(folder, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
