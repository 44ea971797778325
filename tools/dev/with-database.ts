import { connectionOf } from '@shop/prisma/connection';
import type { Client } from 'pg';

/**
 * Opens a connection to a database, uses it, and closes it.
 *
 * @throws the error of the connection or of `use`
 */
export async function withDatabase<T>(
  url: string,
  use: (sql: Client) => Promise<T>,
  connectWithinMs = 5_000,
): Promise<T> {
  const { Client: DatabaseClient, ...config } = connectionOf(url);
  const sql = new DatabaseClient({ ...config, connectionTimeoutMillis: connectWithinMs });
  sql.on('error', () => undefined); // the query that uses the connection reports the error
  try {
    await sql.connect();
    return await use(sql);
  } finally {
    await sql.end().catch(() => undefined);
  }
}
