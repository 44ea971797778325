import { Client } from 'pg';

/** Asks the database something, by a connection that lasts no longer. */
export async function withDatabase<T>(url: string, use: (sql: Client) => Promise<T>): Promise<T> {
  const sql = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  sql.on('error', () => undefined); // the query tells
  await sql.connect();
  try {
    return await use(sql);
  } finally {
    await sql.end();
  }
}
