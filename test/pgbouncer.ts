import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { findProgram } from '@shop/dev/programs';
import type { Starter } from '@shop/dev/servers';
import { folderFor, unprivilegedUser } from '@shop/dev/unprivileged';
import { withDatabase } from '@shop/dev/with-database';

/** Finds PgBouncer; null if it is not installed. */
export const findPgBouncer = (): string | null => findProgram('pgbouncer', { after: ['/usr/sbin'] });

export interface PgBouncerOptions {
  name?: string;
  folder: string;
  /** The URL of the PostgreSQL server. */
  postgresUrl: string;
  /** For each database that clients can connect to: its name in PostgreSQL, and what each session runs first. */
  databases: Record<string, { dbname: string; connectQuery?: string }>;
  /** The start-up parameters that PgBouncer discards; without them it rejects their client. */
  ignored?: string[];
}

/**
 * Starts PgBouncer in transaction mode with two connections per database, so that clients share them from the start.
 *
 * @throws {Error} if it is not installed
 */
export async function startPgBouncer(
  { name = 'pgbouncer', folder, postgresUrl, databases, ignored = [] }: PgBouncerOptions,
  servers: Starter,
): Promise<(database: string) => string> {
  const program = findPgBouncer();
  if (program === null) throw new Error("Install PgBouncer: Debian's package is pgbouncer.");
  const { hostname, port, username, password } = new URL(postgresUrl);
  const server = `host=${hostname} port=${port} user=${username} password=${password}`;
  const entries = Object.entries(databases).map(
    ([database, { dbname, connectQuery }]) =>
      `${database} = ${server} dbname=${dbname}${connectQuery ? ` connect_query='${connectQuery}'` : ''}`,
  );
  const user = await unprivilegedUser();
  mkdirSync(folder, { recursive: true });
  const configuration = join(folderFor(user, join(folder, name)), 'pgbouncer.ini');
  const ownPort = await freePort();
  writeFileSync(
    configuration,
    `[databases]
${entries.join('\n')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
ignore_startup_parameters = ${ignored.join(',')}
`,
  );
  const urlOf = (database: string): string => `postgresql://${username}:${password}@127.0.0.1:${ownPort}/${database}`;
  const [first = ''] = Object.keys(databases);
  await servers.start({
    name,
    program,
    args: [configuration],
    ...user,
    stopSignal: 'SIGINT',
    isReady: () => withDatabase(`${urlOf(first)}?pgbouncer=true`, async () => true),
  });
  return urlOf;
}
