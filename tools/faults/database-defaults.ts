import { withDatabase } from '@shop/dev/with-database';

/**
 * Replaces the defaults that a database has for the settings of its sessions, and ends the sessions, so that new ones have
 * them.
 */
export const changeDefaults = (databaseUrl: string, defaults: Record<string, string>): Promise<void> =>
  withDatabase(databaseUrl, async (sql) => {
    await sql.query('ALTER DATABASE shop RESET ALL');
    for (const [name, value] of Object.entries(defaults)) {
      await sql.query(`ALTER DATABASE shop SET ${sql.escapeIdentifier(name)} = ${sql.escapeLiteral(value)}`);
    }
    await sql.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  });
