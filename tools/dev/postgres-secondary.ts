import { appendFileSync, chownSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram } from './programs';
import type { User } from './unprivileged';
import { withDatabase } from './with-database';

/** A PostgreSQL of this machine that others can stream from. */
export interface Primary {
  /** Its maintenance database, with a user that may replicate. */
  url: string;
  /** Where it keeps its data, as it was told when it was started. */
  folder: string;
}

/**
 * Copies a running primary into a folder, such that a server started there goes on as its streaming secondary. What
 * `pg_basebackup --write-recovery-conf --create-slot` does, which does not come with the binaries that npm has.
 *
 * @param name names its slot, for which the primary keeps what the secondary has not yet got
 */
export async function copyAsSecondary(primary: Primary, name: string, cluster: string, user: User): Promise<void> {
  const slot = name.replaceAll(/\W/g, '_');
  await withDatabase(primary.url, async (sql) => {
    await sql.query(
      `SELECT pg_create_physical_replication_slot($1::name, true)
       WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1::name)`,
      [slot],
    );
    await sql.query('SELECT pg_backup_start($1, fast => true)', [name]);
    await runProgram('cp', ['-a', join(primary.folder, 'cluster'), cluster], { cwd: dirname(cluster), ...user });
    const { rows } = await sql.query<{ label: string }>(
      'SELECT labelfile AS label FROM pg_backup_stop(wait_for_archive => false)',
    );
    writeFileFor(user, join(cluster, 'backup_label'), rows[0]?.label ?? '');
  });
  // What is the primary's own, and what the secondary will be sent.
  for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(cluster, file), { force: true });
  for (const folder of ['pg_replslot', 'pg_wal']) {
    for (const entry of readdirSync(join(cluster, folder))) rmSync(join(cluster, folder, entry), { recursive: true });
  }
  const { hostname, port, username, password } = new URL(primary.url);
  const from = `host=${hostname} port=${port} user=${username} password=${password} application_name=${slot}`;
  appendFileSync(
    join(cluster, 'postgresql.auto.conf'),
    `primary_conninfo = '${from}'\nprimary_slot_name = '${slot}'\n`,
  );
  writeFileFor(user, join(cluster, 'standby.signal'), '');
}

function writeFileFor({ uid, gid }: User, file: string, text: string): void {
  writeFileSync(file, text);
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
}
