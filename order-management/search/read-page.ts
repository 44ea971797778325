import type { OrdersClient, OrdersPrisma } from '@shop/prisma/clients';
import { compileFilter } from './compile-filter';
import { countMatches, type Count } from './count-matches';
import { rangesAfter, type Position } from './ranges';
import { hasId, matchesStatement, rangeStatement, type RangeQuery } from './range-statement';
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
 * If at most so many rows match, they are read first and then sorted. Otherwise rows are read in the sequence of an index
 * until enough match; few would, if the filter were more selective.
 */
const SELECTIVE_ROWS = 2_000;

/**
 * Reads a page, and counts what matches.
 *
 * @param selectiveRows up to how many matching rows are sorted
 * @throws an error of the database; `isTimeout` and `isWrongValue` recognise those that the search causes
 */
export async function readPage(
  database: OrdersClient,
  searchable: Searchable,
  search: Search,
  selectiveRows = SELECTIVE_ROWS,
): Promise<Page> {
  const condition = search.expression && compileFilter(search.expression, searchable.fields);
  const matches = condition && (await readMatches(database, { searchable, condition }, selectiveRows));
  if (matches) {
    const rows = await readRows(
      database,
      { searchable, condition: hasId(searchable, matches), isSelective: true },
      search,
    );
    return { ...rows, total: { count: matches.length, isEstimated: false } };
  }
  const query = { searchable, condition, isSelective: false };
  const [rows, total] = await Promise.all([readRows(database, query, search), countMatches(database, query)]);
  return { ...rows, total };
}

/** Reads the ids of all rows that match; null if they are more than the limit. */
async function readMatches(
  database: OrdersClient,
  matches: Pick<RangeQuery, 'searchable' | 'condition'>,
  limit: number,
): Promise<string[] | null> {
  const rows = await inTransaction(database, (transaction) =>
    transaction.$queryRaw<{ id: string }[]>(matchesStatement(matches, limit + 1)),
  );
  return rows.length > limit ? null : rows.map(({ id }) => id);
}

/** Reads the rows of a page. */
async function readRows(
  database: OrdersClient,
  query: Pick<RangeQuery, 'searchable' | 'condition' | 'isSelective'>,
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
