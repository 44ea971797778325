import type { OrdersClient, OrdersPrisma } from '@shop/prisma/clients';
import { countMatches, estimateMatches, type Count } from './count-matches';
import { rangesAfter, type Position } from './ranges';
import { matchesStatement, rangeStatement, type Matches, type RangeQuery } from './range-statement';
import type { Search } from './search';
import type { Searchable } from './searchable';
import { limitSearch } from './search-settings';

/** A row of a page. */
export interface Row {
  id: string;
  position: Position;
}

/** The rows of a page in the sequence of the sort. */
export interface Page {
  rows: Row[];
  hasNext: boolean;
  hasPrevious: boolean;
  total: Count;
}

type Transaction = OrdersPrisma.TransactionClient;

/**
 * If few rows match, their ids are read first and then sorted. Otherwise rows are read in the sequence of an index until
 * enough match, which takes long if few do.
 */
export interface Selectivity {
  /** The number of matches that are sorted. */
  maxRows: number;
  /** Up to which estimate of the planner it is tried: the estimate may be wrong. */
  maxEstimate: number;
}

export const SELECTIVITY: Selectivity = { maxRows: 4_000, maxEstimate: 20_000 };

/**
 * Reads a page, and counts what matches.
 *
 * @throws an error of the database; `isTimeout` and `isWrongValue` recognise those that the search causes
 */
export async function readPage(
  database: OrdersClient,
  searchable: Searchable,
  search: Search,
  selectivity = SELECTIVITY,
): Promise<Page> {
  const matches = { searchable, expression: search.expression };
  const { estimate, few } = await inTransaction(database, async (transaction) => {
    const expected = await estimateMatches(transaction, matches);
    const isPromising = matches.expression !== null && expected <= selectivity.maxEstimate;
    const found = isPromising ? await readMatches(transaction, matches, selectivity.maxRows) : null;
    return { estimate: expected, few: found };
  });
  if (few) {
    const rows = await readRows(database, { ...matches, ids: few.ids }, search);
    return { ...rows, total: { count: few.count, isEstimated: false } };
  }
  const [rows, total] = await Promise.all([
    readRows(database, { ...matches, ids: null }, search),
    countMatches(database, matches, estimate),
  ]);
  return { ...rows, total };
}

/** Reads the ids of all rows that match, as an array of PostgreSQL; null if they are more than the limit. */
async function readMatches(
  database: Transaction,
  matches: Matches,
  limit: number,
): Promise<{ count: number; ids: string } | null> {
  const [{ count, ids }] = await database.$queryRaw<[{ count: number; ids: string | null }]>(
    matchesStatement(matches, limit + 1),
  );
  return count > limit ? null : { count, ids: ids ?? '{}' };
}

/** Reads the rows of a page. */
async function readRows(
  database: OrdersClient,
  query: Omit<RangeQuery, 'keys' | 'backward'>,
  { keys, cursor, limit, offset }: Search,
): Promise<Omit<Page, 'total'>> {
  const backward = cursor?.backward ?? false;
  const rows = await inTransaction(database, (transaction) =>
    readRanges(
      transaction,
      { ...query, keys, backward },
      { after: cursor?.position ?? null, limit: limit + 1, offset },
    ),
  );
  const hasMore = rows.length > limit;
  const page = rows.slice(0, limit);
  if (backward) return { rows: page.toReversed(), hasNext: true, hasPrevious: hasMore };
  return { rows: page, hasNext: hasMore, hasPrevious: cursor !== null || offset > 0 };
}

/** Reads one range after the other until there are enough rows. */
async function readRanges(
  database: Transaction,
  query: RangeQuery,
  { after, limit, offset }: { after: Position | null; limit: number; offset: number },
): Promise<Row[]> {
  const rows: Row[] = [];
  let toSkip = offset;
  for (const range of rangesAfter(query.keys, after, query.backward)) {
    const read = (page: { limit: number; offset: number }) =>
      database.$queryRaw<Row[]>(rangeStatement(query, range, page));
    const found = await read({ limit: limit - rows.length, offset: toSkip });
    rows.push(...found);
    if (rows.length === limit) break;
    if (found.length > 0) toSkip = 0;
    else if (toSkip > 0) toSkip -= (await read({ limit: toSkip, offset: 0 })).length;
  }
  return rows;
}

const inTransaction = <T>(database: OrdersClient, work: (transaction: Transaction) => Promise<T>): Promise<T> =>
  database.$transaction(async (transaction) => {
    await transaction.$executeRaw(limitSearch());
    return work(transaction);
  });
