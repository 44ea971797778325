import { decodeCursor, fingerprintOf, type Cursor } from './cursor';
import { allOf, type Expression } from './expression';
import { parseFilter } from './parse-filter';
import { printFilter } from './print-filter';
import type { Searchable } from './searchable';
import { parseSort, printSort, type SortKey } from './sort';

/** What a client asks for, as it writes it. */
export interface SearchRequest {
  /** Conditions that must all hold, besides the filter. */
  conditions: readonly Expression[];
  filter?: string | undefined;
  sort?: string | undefined;
  cursor?: string | undefined;
  limit: number;
  offset: number;
}

/** A page of the sorted rows that match an expression. */
export interface Search {
  expression: Expression | null;
  keys: SortKey[];
  cursor: Cursor | null;
  /** Identifies the expression and the sort in cursors. */
  fingerprint: string;
  limit: number;
  offset: number;
}

/** @throws {SearchError} if the filter, the sort or the cursor is malformed */
export function parseSearch(request: SearchRequest, searchable: Searchable): Search {
  const { filter, sort, cursor, limit, offset } = request;
  const filters = filter === undefined ? [] : [parseFilter(filter, searchable.fields)];
  const expression = allOf([...request.conditions, ...filters]);
  const keys = parseSort(sort, searchable);
  const { strings, values } = searchable.where;
  const fingerprint = fingerprintOf([
    expression ? printFilter(expression, searchable.fields) : '',
    printSort(keys),
    ...strings,
    ...values.map(String),
  ]);
  return {
    expression,
    keys,
    cursor: cursor === undefined ? null : decodeCursor(cursor, fingerprint, keys.length),
    fingerprint,
    limit,
    offset,
  };
}
