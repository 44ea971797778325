/**
 * Who or what an error accuses. It decides what a request answers and what a consumer does with its message; the whole
 * table is in docs/faults.md.
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
