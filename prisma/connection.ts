/** What `pg` needs to know of a database, and the schema to work in. */
export interface Connection {
  connectionString: string;
  database: string;
  schema: string;
  options: string;
  connectionTimeoutMillis: number;
}

/**
 * Reads a PostgreSQL URL the way Prisma does: `?schema=` names the schema, `public` without it.
 *
 * @throws where the URL is not one of PostgreSQL's, or names no database
 */
export function connectionOf(url: string): Connection {
  const parsed = new URL(url);
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (!/^postgres(ql)?:$/.test(parsed.protocol) || !database) {
    throw new Error('The database URL must look like postgresql://user:password@host:5432/database?schema=public');
  }
  const schema = parsed.searchParams.get('schema') ?? 'public';
  const options = parsed.searchParams.get('options') ?? '';
  parsed.searchParams.delete('schema'); // Prisma's own word, which `pg` would hand to the server
  parsed.searchParams.delete('options'); // or they would replace ours
  return {
    connectionString: parsed.toString(),
    database,
    schema,
    // UTC, because Prisma's adapter takes every time for one, whatever its offset.
    options: `${options} -c timezone=UTC -c search_path="${schema.replaceAll('"', '""')}"`,
    connectionTimeoutMillis: 5_000,
  };
}
