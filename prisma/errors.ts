import { faultOfSqlState, type DatabaseFault } from './sql-states';

export type { DatabaseFault };

/** The database, or the path to it, is not set up as this program requires. Only an operator can change that. */
export class DatabaseSetupError extends Error {
  override name = 'DatabaseSetupError';
}

/** The tables are older than this version needs. They are up to date as soon as another process has migrated them. */
export class SchemaOutdatedError extends Error {
  override name = 'SchemaOutdatedError';
}

/** The properties by which errors of Prisma, its driver adapter, `pg` and Node are told apart. */
interface DatabaseError {
  name?: string;
  message?: string;
  /** A SQLSTATE, a code of Prisma, a code of Node's system errors or a code of OpenSSL. */
  code?: string;
  /** Only errors that PostgreSQL has sent have a severity. */
  severity?: string;
  /** The SQLSTATE, in errors of the driver adapter. */
  originalCode?: string;
  kind?: string;
  /** The system call that failed. */
  syscall?: string;
}

/** Lists an error and its causes, the outermost first. Prisma nests the error of its driver adapter in `meta`. */
function* chainOf(error: unknown): Generator<DatabaseError> {
  let link = error;
  while (typeof link === 'object' && link !== null) {
    yield link;
    const { meta, cause } = link as { meta?: { driverAdapterError?: unknown }; cause?: unknown };
    link = meta?.driverAdapterError ?? cause;
  }
}

const stateOf = ({ originalCode, severity, code }: DatabaseError): string | undefined =>
  originalCode ?? (severity === undefined ? undefined : code);

/** Returns the SQLSTATE of a failed query, or null if PostgreSQL did not answer the query with an error. */
export function sqlStateOf(error: unknown): string | null {
  for (const link of chainOf(error)) {
    const state = stateOf(link);
    if (state !== undefined) return state;
  }
  return null;
}

/** System errors and failed name look-ups. Source: https://nodejs.org/api/errors.html#common-system-errors and dns. */
const SYSTEM_ERROR = /^E(?!RR_)[A-Z0-9_]+$/;

/** With these codes, any system call but `connect` concerns a file of this program, such as a migration. */
const FILE_ERROR = /^(ENOENT|ENOTDIR|EISDIR|EACCES|EPERM)$/;

/** OpenSSL's verification errors, and Node's own. Source: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const TLS_ERROR =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_|INVALID_CA|INVALID_PURPOSE|ERR_(TLS|SSL|OSSL)_)/;

/** Prisma's codes of a transaction that got no connection in time or took too long (P2028), and of a full pool (P2024). */
const TIMED_OUT = /^P20(24|28)$/;

/** Errors of the driver adapter that have no SQLSTATE. */
const UNAVAILABLE_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError']);

/** Errors of `pg` and its pool, which have no code. */
const UNAVAILABLE_MESSAGES =
  /Connection terminated|not queryable|Query read timeout|timeout expired|timeout exceeded when trying to connect|SSL connection/;

/**
 * Classifies an error of a database call. Only proof makes it `input` or `bug`. An error that nobody has
 * foreseen is `unknown`, which is treated like an outage; docs/faults.md describes what follows.
 */
export function databaseFaultOf(error: unknown): DatabaseFault {
  const state = sqlStateOf(error);
  if (state !== null) return faultOfSqlState(state);
  for (const link of chainOf(error)) {
    if (isBug(link)) return 'bug';
    if (isUnavailable(link)) return 'unavailable';
  }
  return 'unknown';
}

const isBug = ({ name, code = '', syscall = 'connect' }: DatabaseError): boolean =>
  name === 'DatabaseSetupError' ||
  name === 'PrismaClientValidationError' ||
  (FILE_ERROR.test(code) && syscall !== 'connect');

const isUnavailable = ({ name, code = '', kind = '', message = '' }: DatabaseError): boolean =>
  name === 'SchemaOutdatedError' ||
  SYSTEM_ERROR.test(code) ||
  TLS_ERROR.test(code) ||
  TIMED_OUT.test(code) ||
  UNAVAILABLE_KINDS.has(kind) ||
  UNAVAILABLE_MESSAGES.test(message);

const UNIQUE_VIOLATION = '23505';

/** Checks whether an error means that a row with this key exists already. */
export const isDuplicate = (error: unknown): boolean => sqlStateOf(error) === UNIQUE_VIOLATION;

/** Checks whether an error means that a table, a column or a schema is missing: SQLSTATE class 42 and code 3F000. */
export const isSchemaError = (error: unknown): boolean => /^(42|3F)/.test(sqlStateOf(error) ?? '');
