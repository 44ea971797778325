import { isAggregate } from './searchable';
import type { SortKey } from './sort';

/** The values of a row for each sort key; null if it has none. */
export type Position = readonly (string | null)[];

/**
 * What a range contains of one key:
 * - `any`: all rows
 * - `present`, `missing`: the rows with a value, and those without
 * - `equal`: the rows with this value
 * - `beyond`: the rows with a value that follows this one in the sequence that is read
 */
export type Bound = 'any' | 'present' | 'missing' | { equal: string } | { beyond: string };

/** A range of the sorted rows: a bound for each key. */
export type Range = readonly Bound[];

const isNullable = ({ field }: SortKey): boolean => isAggregate(field) || field.nullable;

/**
 * Divides the rows that follow a position into ranges, each of which an index can read from its start. Reading the ranges one
 * after the other reads the rows in the sequence of the sort. Rows without a value are last; read backward, they are first.
 *
 * @param after null for all rows
 */
export function rangesAfter(keys: readonly SortKey[], after: Position | null, backward: boolean): Range[] {
  if (after === null) return withMissing(keys, 0, [], 'present', backward);
  const ranges: Range[] = [];
  // The rows that share all values but the last come first, then those that share all but the last two, and so on.
  for (let index = keys.length - 1; index >= 0; index--) {
    const shared = after.slice(0, index).map((value): Bound => (value === null ? 'missing' : { equal: value }));
    const value = after[index] ?? null;
    if (value !== null) ranges.push(...withMissing(keys, index, shared, { beyond: value }, backward));
    else if (backward) ranges.push(complete(keys, [...shared, 'present']));
  }
  return ranges;
}

/** The range with the given bound, and the range of the rows without a value, if these follow it. */
function withMissing(
  keys: readonly SortKey[],
  index: number,
  shared: readonly Bound[],
  bound: Bound,
  backward: boolean,
): Range[] {
  if (!isNullable(keys[index]!)) return [complete(keys, [...shared, bound === 'present' ? 'any' : bound])];
  const present = complete(keys, [...shared, bound]);
  const missing = complete(keys, [...shared, 'missing']);
  if (!backward) return [present, missing];
  return bound === 'present' ? [missing, present] : [present];
}

const complete = (keys: readonly SortKey[], bounds: readonly Bound[]): Range =>
  keys.map((_key, index) => bounds[index] ?? 'any');
