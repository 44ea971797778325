import type { OrdersClient, OrdersPrisma } from '@shop/prisma/clients';
import { countMatches, estimateMatches, type Count } from './count-matches';
import { resolveReferences } from './resolve-references';
import { rangesAfter, type Position } from './ranges';
import { matchesStatement, rangeStatement, type Matches, type RangeQuery } from './range-statement';
import type { Search } from './search';
import type { Searchable } from './searchable';
import { isTimeout, limitSearch } from './search-settings';

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

export const SELECTIVITY: Selectivity = { maxRows: 4_000, maxEstimate: 5_000 };

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
  const { matches, estimate, few } = await inTransaction(database, async (transaction) => {
    const expression = search.expression && (await resolveReferences(transaction, searchable, search.expression));
    const matching = { searchable, expression };
    const expected = await estimateMatches(transaction, matching);
    const isPromising = expression !== null && expected <= selectivity.maxEstimate;
    const found = isPromising ? await readMatches(transaction, matching, selectivity.maxRows) : null;
    return { matches: matching, estimate: expected, few: found };
  });
  if (few) return pageOfFew(database, matches, few, search);
  try {
    const [rows, total] = await Promise.all([
      readRows(database, { ...matches, ids: null }, search),
      countMatches(database, matches, estimate),
    ]);
    const isOnlyPage = !rows.hasNext && !rows.hasPrevious;
    return { ...rows, total: isOnlyPage ? { count: rows.rows.length, isEstimated: false } : total };
  } catch (error) {
    // The planner may have expected many matches although there are few, which takes long to read in the sequence of an index.
    const wasTried = estimate <= selectivity.maxEstimate;
    if (!isTimeout(error) || matches.expression === null || wasTried) throw error;
    const found = await inTransaction(database, (transaction) =>
      readMatches(transaction, matches, selectivity.maxRows),
    );
    if (!found) throw error;
    return pageOfFew(database, matches, found, search);
  }
}

/** The ids of all rows that match, as an array of PostgreSQL. */
interface FewMatches {
  count: number;
  ids: string;
}

async function pageOfFew(
  database: OrdersClient,
  matches: Matches,
  { count, ids }: FewMatches,
  search: Search,
): Promise<Page> {
  const rows = await readRows(database, { ...matches, ids }, search);
  return { ...rows, total: { count, isEstimated: false } };
}

/** Reads the ids of all rows that match; null if they are more than the limit. */
async function readMatches(database: Transaction, matches: Matches, limit: number): Promise<FewMatches | null> {
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
