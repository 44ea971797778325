import { takeTlsParameters, type DatabaseTls } from './tls';

/** The part of a database URL that `pg` needs, and the schema to work in. */
export interface Connection extends DatabaseTls {
  connectionString: string;
  database: string;
  schema: string;
  options: string;
  connectionTimeoutMillis: number;
}

/**
 * Parses a PostgreSQL URL the way Prisma does: `?schema=` names the schema, and the default is `public`.
 *
 * @throws {Error} if the URL is not a PostgreSQL URL, names no database, or has TLS parameters that cannot be used
 */
export function connectionOf(url: string): Connection {
  const parsed = new URL(url);
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (!/^postgres(ql)?:$/.test(parsed.protocol) || !database) {
    throw new Error('The database URL must look like postgresql://user:password@host:5432/database?schema=public');
  }
  const schema = parsed.searchParams.get('schema') ?? 'public';
  const options = parsed.searchParams.get('options') ?? '';
  // Only Prisma knows this parameter. `pg` would send it to the server, which rejects it.
  parsed.searchParams.delete('schema');
  // In `pg`, an option in the URL overrides the one passed beside it. Both are joined below.
  parsed.searchParams.delete('options');
  const tls = takeTlsParameters(parsed);
  return {
    ...tls,
    connectionString: parsed.toString(),
    database,
    schema,
    // Prisma's adapter ignores the offset of a timestamp and reads each as UTC, so the session must use UTC.
    options: `${options} -c timezone=UTC -c search_path="${schema.replaceAll('"', '""')}"`,
    connectionTimeoutMillis: 5_000,
  };
}
