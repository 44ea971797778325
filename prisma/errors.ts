/** What the driver adapter says of a failed query, found inside the error that Prisma throws. */
interface DriverCause {
  kind?: string;
  originalCode?: string;
}

function driverCauseOf(error: unknown): DriverCause {
  let cause: unknown = error;
  while (cause instanceof Object && !('kind' in cause)) {
    if ('meta' in cause) cause = (cause.meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError;
    else cause = 'cause' in cause ? cause.cause : null;
  }
  return cause instanceof Object ? cause : {};
}

/** PostgreSQL's SQLSTATE of a failed query; null where it failed before PostgreSQL could say anything. */
export const sqlStateOf = (error: unknown): string | null => driverCauseOf(error).originalCode ?? null;

const KINDS_OF_OUTAGE = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
// Classes 08 connection, 28 credentials refused (while they are changed, for example), 53 out of resources, 57P server
// shutdown, 58 its disk; 57014 a statement that took too long; 25006 a primary that has become a secondary; 3D000 and 42P01
// a database that is not yet created or migrated.
const STATES_OF_OUTAGE = /^(08...|28...|53...|57P..|58...|57014|25006|3D000|42P01)$/;
const CONNECTION_LOST =
  /Connection terminated|not queryable|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|Query read timeout|timeout expired|timeout exceeded when trying to connect/;

/** Whether a failure says that the database is away, rather than that this query is wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const { kind, originalCode } = driverCauseOf(error);
  if (kind !== undefined && KINDS_OF_OUTAGE.has(kind)) return true;
  if (originalCode !== undefined && STATES_OF_OUTAGE.test(originalCode)) return true;
  if (!(error instanceof Error)) return false;
  // `pg` itself, which migrates: an AggregateError where a host has several addresses.
  const code = 'code' in error ? String(error.code) : '';
  return (
    STATES_OF_OUTAGE.test(code) ||
    CONNECTION_LOST.test(`${code} ${error.message}`) ||
    isDatabaseUnavailable(error.cause)
  );
}

const UNIQUE_VIOLATION = '23505';

/** Whether a failure says that there is a row with this key already. */
export const isDuplicate = (error: unknown): boolean => sqlStateOf(error) === UNIQUE_VIOLATION;

const DEADLOCK = '40P01';

/** Runs a transaction again where PostgreSQL has chosen it as the victim of a deadlock. */
export async function retryDeadlocks<T>(transaction: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt === attempts || sqlStateOf(error) !== DEADLOCK) throw error;
    }
  }
}
