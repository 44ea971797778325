import { escapeIdentifier, type Client } from 'pg';
import { DatabaseSetupError } from './errors';

/**
 * PostgreSQL cancels a statement after this time, before the client stops waiting for it. A request that is answered with
 * 503 because of a time limit has therefore changed nothing.
 */
export const STATEMENT_TIMEOUT_MS = 8_000;

/** Proves that the server received the settings. PgBouncer may be configured to discard them silently. */
const MARKER = 'order_placement.direct';

/** The settings of every session. They override the defaults of the server, the database and the role. */
const sessionSettings = (schema: string): Record<string, string> => ({
  // Prisma's adapter ignores the offset of a timestamp and reads each as UTC.
  TimeZone: 'UTC',
  search_path: escapeIdentifier(schema),
  // The statements are written for this level. They are correct at a stricter one, but conflict and are repeated there.
  default_transaction_isolation: 'read committed',
  [MARKER]: 'on',
});

/** Writes the settings as the start-up parameter `options`, in which a backslash escapes a space. */
export const sessionOptions = (schema: string): string =>
  Object.entries(sessionSettings(schema))
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, String.raw`\$&`)}`)
    .join(' ');

interface SessionState {
  timeZone: string;
  schema: string | null;
  /** In milliseconds; 0 means no limit. */
  statementTimeout: number;
  isDirect: boolean;
}

/**
 * Checks that sessions are set up as the statements require.
 *
 * @param pooled whether PgBouncer sets them up, which then must have a matching `connect_query`
 * @throws {DatabaseSetupError} if they are not; the message contains the configuration that is missing
 */
export async function checkSession(
  client: Client,
  { schema, pooled }: { schema: string; pooled: boolean },
): Promise<void> {
  const { rows } = await client.query<SessionState>(
    `SELECT current_setting('TimeZone') AS "timeZone", current_schema() AS schema,
       (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS "statementTimeout",
       current_setting($1, true) IS NOT DISTINCT FROM 'on' AS "isDirect"`,
    [MARKER],
  );
  const [state] = rows;
  if (!pooled) {
    if (!state?.isDirect) throw new DatabaseSetupError(NEEDS_PARAMETER);
    return;
  }
  const isUtc = /^(Etc\/)?UTC$/.test(state?.timeZone ?? '');
  const isLimited = state !== undefined && state.statementTimeout > 0 && state.statementTimeout <= STATEMENT_TIMEOUT_MS;
  if (isUtc && isLimited && state.schema === schema) return;
  throw new DatabaseSetupError(
    `The sessions of PgBouncer have the time zone ${state?.timeZone}, the schema ${state?.schema} and a statement timeout ` +
      `of ${state?.statementTimeout} ms. DATABASE_URL requires the schema ${schema}; ?schema= names another. Add to this ` +
      `database in the section [databases] of pgbouncer.ini: connect_query=` +
      `'SET timezone = UTC; SET search_path = ${escapeIdentifier(schema)}; SET statement_timeout = ${STATEMENT_TIMEOUT_MS}'`,
  );
}

export const NEEDS_PARAMETER =
  'The server does not accept the settings of a session, as is the case behind PgBouncer. Add pgbouncer=true to ' +
  'DATABASE_URL, as docs/configuration.md describes.';
