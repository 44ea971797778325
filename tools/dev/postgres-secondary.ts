import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Client } from 'pg';
import { runProgram } from './programs';
import { writeFileFor, type User } from './unprivileged';
import { withDatabase } from './with-database';

/** A running PostgreSQL of this machine that secondaries can stream from. */
export interface Primary {
  /** The URL of its maintenance database, with a user that may replicate. */
  url: string;
  /** The folder of its data (`PGDATA`). */
  data: string;
}

/**
 * Copies a running primary into a new folder, so that a server started there is its streaming secondary.
 *
 * Uses `pg_basebackup` if it is installed. The binaries from npm do not include it; the copy is then made with the
 * backup functions of SQL, which suits a primary with little load: `cp` fails if a file is deleted while it runs.
 *
 * @param name names the secondary in messages, and its replication slot
 * @param programs the folder of PostgreSQL's programs
 */
export async function copyAsSecondary(
  primary: Primary,
  { name, data, programs, user }: { name: string; data: string; programs: string; user: User },
): Promise<void> {
  const slot = slotOf(name);
  await withDatabase(primary.url, (sql) => createSlot(sql, slot, { replace: true }));
  const baseBackup = join(programs, 'pg_basebackup');
  if (existsSync(baseBackup)) {
    const options = ['--wal-method=stream', '--checkpoint=fast', '--slot', slot];
    await runProgram(baseBackup, ['--dbname', primary.url, '--pgdata', data, ...options], {
      cwd: dirname(data),
      ...user,
    });
  } else await copyFiles(primary, name, data, user);
  const settings = Object.entries(streamingSettings(primary.url, slot)).map(([key, value]) => `${key} = '${value}'\n`);
  appendFileSync(join(data, 'postgresql.auto.conf'), settings.join(''));
  writeFileFor(user, join(data, 'standby.signal'), '');
}

/** Returns the name of a server's replication slot, in which only letters, digits and underscores are allowed. */
export const slotOf = (name: string): string => name.replaceAll(/\W/g, '_');

/** Returns the settings with which a secondary streams from a primary. */
export function streamingSettings(primaryUrl: string, slot: string): Record<string, string> {
  const { hostname, port, username, password } = new URL(primaryUrl);
  return {
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password}`,
    primary_slot_name: slot,
  };
}

/**
 * Creates the replication slot of a secondary, for which the primary keeps the WAL that the secondary has not received.
 *
 * @param replace if the slot exists, replaces it: for a new copy, which does not need the WAL since the old one
 * @throws if the slot is to be replaced while a secondary uses it
 */
export async function createSlot(sql: Client, slot: string, { replace }: { replace: boolean }): Promise<void> {
  if (replace) {
    await sql.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
      [slot],
    );
  }
  await sql.query(
    `SELECT pg_create_physical_replication_slot($1::name, true)
     WHERE $2 OR NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1::name)`,
    [slot, replace],
  );
}

async function copyFiles(primary: Primary, name: string, data: string, user: User): Promise<void> {
  await withDatabase(primary.url, async (sql) => {
    await sql.query('SELECT pg_backup_start($1, fast => true)', [name]);
    await runProgram('cp', ['-a', primary.data, data], { cwd: dirname(data), ...user });
    const { rows } = await sql.query<{ label: string }>(
      'SELECT labelfile AS label FROM pg_backup_stop(wait_for_archive => false)',
    );
    writeFileFor(user, join(data, 'backup_label'), rows[0]?.label ?? '');
  });
  for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(data, file), { force: true });
  // Slots belong to the primary, and WAL is streamed.
  for (const folder of ['pg_replslot', 'pg_wal']) {
    for (const entry of readdirSync(join(data, folder))) rmSync(join(data, folder, entry), { recursive: true });
  }
}
