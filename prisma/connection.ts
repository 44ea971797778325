import { sessionOptions } from './session';
import { takeTlsParameters, type DatabaseTls } from './tls';

/** The part of a database URL that `pg` needs, and the schema to work in. */
export interface Connection extends DatabaseTls {
  connectionString: string;
  database: string;
  schema: string;
  /** Whether PgBouncer assigns a session to each transaction (`?pgbouncer=true`): a session keeps nothing in between. */
  pooled: boolean;
  options: string;
  fallback_application_name: string;
  connectionTimeoutMillis: number;
}

/**
 * Parses a PostgreSQL URL the way Prisma does: `?schema=` names the schema, and the default is `public`; `?pgbouncer=true`
 * connects through PgBouncer.
 *
 * @param applicationName what PostgreSQL lists as the name of the connections, unless the URL or PGAPPNAME sets another
 * @throws {Error} if the URL is not a PostgreSQL URL, names no database, or has TLS parameters that cannot be used
 */
export function connectionOf(url: string, applicationName = 'order-placement'): Connection {
  const parsed = new URL(url);
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (!/^postgres(ql)?:$/.test(parsed.protocol) || !database) {
    throw new Error('The database URL must look like postgresql://user:password@host:5432/database?schema=public');
  }
  const schema = parsed.searchParams.get('schema') ?? 'public';
  const pooled = parsed.searchParams.get('pgbouncer') === 'true';
  const options = parsed.searchParams.get('options') ?? '';
  // Only Prisma knows these parameters. `pg` would send them to the server, which rejects them.
  parsed.searchParams.delete('schema');
  parsed.searchParams.delete('pgbouncer');
  // In `pg`, an option in the URL overrides the one passed beside it. Both are joined below.
  parsed.searchParams.delete('options');
  const tls = takeTlsParameters(parsed);
  return {
    ...tls,
    connectionString: parsed.toString(),
    database,
    schema,
    pooled,
    options: pooled ? options : `${options} ${sessionOptions(schema)}`,
    fallback_application_name: applicationName,
    connectionTimeoutMillis: 5_000,
  };
}
