/** The class of a database error. The words are those of `Fault` in packages/runtime/fault.ts. */
export type DatabaseFault = 'input' | 'bug' | 'unavailable' | 'unknown';

/**
 * The fault of each class of SQLSTATEs, and of single codes that differ from their class. A code that is not listed is
 * `unknown`. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const FAULTS: Readonly<Record<string, DatabaseFault>> = {
  '03': 'bug', // SQL statement not yet complete
  '08': 'unavailable', // connection exception; PgBouncer reports most of its errors as 08P01
  '0A': 'bug', // feature not supported
  '0F': 'bug', // locator exception
  '0Z': 'bug', // diagnostics exception
  '20': 'bug', // case not found
  '21': 'bug', // cardinality violation: a subquery returned more than one row
  '22': 'input', // data exception
  '23': 'input', // integrity constraint violation
  '24': 'bug', // invalid cursor state
  '25006': 'unavailable', // read-only transaction: the primary has become a secondary
  '25P03': 'unavailable', // idle-in-transaction timeout
  '25P04': 'unavailable', // transaction timeout
  '28': 'unavailable', // login refused, for example while the credentials are being changed
  '2F': 'bug', // SQL routine exception
  '34': 'bug', // invalid cursor name
  '3D': 'unavailable', // the database does not exist, for example while a backup is restored
  '3F': 'bug', // the schema does not exist
  '40': 'unavailable', // transaction rollback: serialization failure, deadlock
  '42': 'bug', // syntax error, undefined table, column, function or type
  '42501': 'unknown', // insufficient privilege: neither this program's fault nor the data's
  '42P05': 'unknown', // duplicate prepared statement: a connection pooler assigns connections per transaction
  '44': 'input', // WITH CHECK OPTION violation
  '53': 'unavailable', // out of disk, memory or connections
  '54': 'bug', // program limit exceeded: the statement is too large or too complex
  '55': 'unavailable', // object not in prerequisite state: lock timeout, object in use, server in recovery
  '57': 'unavailable', // operator intervention: statement timeout, shutdown, crash, idle-session timeout
  '58': 'unavailable', // system error outside PostgreSQL, for example of its disk
  '72': 'unavailable', // snapshot too old
  F0: 'unavailable', // the server's configuration file
};

/** Returns the fault that a SQLSTATE stands for. */
export const faultOfSqlState = (state: string): DatabaseFault =>
  FAULTS[state] ?? FAULTS[state.slice(0, 2)] ?? 'unknown';
