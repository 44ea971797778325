import { OPERATORS, type Operator } from './expression';

/** How the values of a field are written, checked and compared. */
export interface FieldType {
  /** The type in PostgreSQL, for casts of parameters. */
  sql: 'uuid' | 'text' | 'numeric' | 'timestamp';
  /** What a value is, with an example. */
  expected: string;
  operators: readonly Operator[];
  /** Whether query parameters such as `price[gte]` exist. */
  hasRanges: boolean;
  /** Whether the value is written without quotes in a filter. */
  isNumber: boolean;
  /** Converts a value to its canonical form; null if it is none of this type. */
  read: (text: string) => string | null;
}

const OF_TEXT_ONLY: readonly Operator[] = ['STARTS_WITH', 'NOT STARTS_WITH', 'CONTAINS', 'NOT CONTAINS'];
const COMPARING = OPERATORS.filter((operator) => !OF_TEXT_ONLY.includes(operator));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const uuid: FieldType = {
  sql: 'uuid',
  expected: 'a UUID, such as e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15',
  operators: COMPARING,
  hasRanges: false,
  isNumber: false,
  read: (text) => (UUID.test(text) ? text.toLowerCase() : null),
};

/** Text is compared by code points, so that the result does not depend on the collation of the database. */
export const text: FieldType = {
  sql: 'text',
  expected: 'a text without NUL characters',
  operators: OPERATORS,
  hasRanges: false,
  isNumber: false,
  read: (value) => (isStorable(value) ? value : null),
};

/** Whether PostgreSQL can store a text: it has no NUL character and no half of a surrogate pair. */
export const isStorable = (value: string): boolean => !/[\0\p{Surrogate}]/u.test(value);

// The bounds keep a number far below the limits of PostgreSQL's type numeric.
const NUMBER = /^-?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,2})?$/i;

/** Numbers are compared exactly, as decimals. */
export const decimal: FieldType = {
  sql: 'numeric',
  expected: 'a number, such as 9.99',
  operators: COMPARING,
  hasRanges: true,
  isNumber: true,
  read: (value) => (NUMBER.test(value) ? value : null),
};

// RFC 3339, or the date alone.
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d))?$/i;

/** Timestamps have microseconds; further digits are ignored. A date alone is its first moment, in UTC. */
export const timestamp: FieldType = {
  sql: 'timestamp',
  expected: 'a date, such as 2026-11-01 or 2026-11-01T08:30:00Z',
  operators: COMPARING,
  hasRanges: true,
  isNumber: false,
  read: readTimestamp,
};

function readTimestamp(value: string): string | null {
  const [, date, time = '00:00:00', fraction = '', zone = 'Z'] = TIMESTAMP.exec(value) ?? [];
  if (date === undefined) return null;
  // Date accepts 30 February and 24:00:00 and moves them to the next day.
  const local = new Date(`${date}T${time}Z`);
  if (Number.isNaN(local.getTime()) || local.toISOString() !== `${date}T${time}.000Z`) return null;
  const moment = new Date(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(moment.getTime())) return null;
  const canonical = moment.toISOString();
  if (!/^\d{4}-/.test(canonical) || canonical.startsWith('0000')) return null;
  return canonical.replace('.000Z', `.${fraction.slice(0, 6).padEnd(6, '0')}Z`);
}
