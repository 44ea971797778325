import { databaseFaultOf } from '@shop/prisma/errors';

/**
 * The class of an error: where its cause is. It decides what a request answers and what a consumer does with its message;
 * the whole table is in docs/faults.md.
 */
export type Fault =
  /** The data of the request or the message: a data exception, a violated constraint, an invalid argument. */
  | 'input'
  /** This program or its schema: a `TypeError`, a missing table. It is reported loudly. */
  | 'bug'
  /** A dependency that is known to be unavailable or busy. The same call succeeds later. */
  | 'unavailable'
  /** Anything else. It is treated as an outage until the contrary is proved. */
  | 'unknown';

/** A dependency is unavailable. Each connection has a subclass of its own. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

// By name, because an error of Node's own modules may belong to another realm, in which `instanceof` is false.
const PROGRAMMING_ERRORS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** Classifies an error of a request, of a message or of a start. */
export function faultOf(error: unknown): Fault {
  if (error instanceof UnavailableError) return 'unavailable';
  if (PROGRAMMING_ERRORS.has((error as Partial<Error> | null)?.name ?? '')) return 'bug';
  return databaseFaultOf(error);
}
