import { Client } from 'pg';

/**
 * Asks a database something, by a connection that lasts no longer.
 *
 * @throws what connecting or asking did
 */
export async function withDatabase<T>(
  url: string,
  use: (sql: Client) => Promise<T>,
  connectWithinMs = 5_000,
): Promise<T> {
  const sql = new Client({ connectionString: url, connectionTimeoutMillis: connectWithinMs });
  sql.on('error', () => undefined); // what happens to it later is told by the query
  try {
    await sql.connect();
    return await use(sql);
  } finally {
    await sql.end().catch(() => undefined);
  }
}
