/** The error of the driver adapter, which Prisma nests in the error that it throws. */
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

/** Returns the SQLSTATE of a failed query, or null if the query did not reach PostgreSQL. */
export const sqlStateOf = (error: unknown): string | null => driverCauseOf(error).originalCode ?? null;

const OUTAGE_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const OUTAGE_SQL_STATES = new RegExp(
  `^(${[
    '08...', // connection failure
    '25006', // read-only transaction: the primary has become a secondary
    '28...', // credentials refused, for example while they are being changed
    '3D000', // the database does not exist yet
    '42P01', // the table does not exist yet: the migrations have not run
    '53...', // out of disk, memory or connections
    '57014', // statement timeout
    '57P..', // the server is shutting down or starting up
    '58...', // I/O error of the server
  ].join('|')})$`,
);

const OUTAGE_MESSAGES =
  /Connection terminated|not queryable|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|Query read timeout|timeout expired|timeout exceeded when trying to connect/;

/** Checks whether an error means that the database is unavailable, not that the query is wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const { kind, originalCode } = driverCauseOf(error);
  if (kind !== undefined && OUTAGE_KINDS.has(kind)) return true;
  if (originalCode !== undefined && OUTAGE_SQL_STATES.test(originalCode)) return true;
  if (!(error instanceof Error)) return false;
  // Errors of `pg`, which runs the migrations, have their own shape. If a host has several addresses, `pg` throws an
  // AggregateError: its message is empty, and its code is set.
  const code = 'code' in error ? String(error.code) : '';
  return (
    OUTAGE_SQL_STATES.test(code) ||
    OUTAGE_MESSAGES.test(`${code} ${error.message}`) ||
    isDatabaseUnavailable(error.cause)
  );
}

const UNIQUE_VIOLATION = '23505';

/** Checks whether an error means that a row with this key exists already. */
export const isDuplicate = (error: unknown): boolean => sqlStateOf(error) === UNIQUE_VIOLATION;

const DEADLOCK_DETECTED = '40P01';

/** Runs a transaction, and repeats it if PostgreSQL rolls it back to resolve a deadlock. */
export async function retryDeadlocks<T>(transaction: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt === attempts || sqlStateOf(error) !== DEADLOCK_DETECTED) throw error;
    }
  }
}
