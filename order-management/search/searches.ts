import type { OrdersClient } from '@shop/prisma/clients';
import type { WalPosition } from '@shop/prisma/wal-position';
import pLimit from 'p-limit';
import type { ReadClient } from '../reads/read-client';
import type { Count } from './count-matches';
import { encodeCursor, unusableCursor } from './cursor';
import { readPage } from './read-page';
import type { Search } from './search';
import type { Searchable } from './searchable';
import { isTimeout, isWrongValue } from './search-settings';

/** A search that takes longer than its time limit. */
export class SearchTooExpensiveError extends Error {
  override name = 'SearchTooExpensiveError';
}

/** So many searches wait that a further one would wait too long. */
export class TooManySearchesError extends Error {
  override name = 'TooManySearchesError';
}

/** A page of items. */
export interface FoundPage<T> {
  items: T[];
  total: Count;
  /** The cursors of the next and of the previous page, if there is one. */
  next: string | null;
  previous: string | null;
}

/** A search uses up to two connections at a time; those of the pool that remain serve everything else. */
const MAX_RUNNING = 3;
/** A client whose search waits behind so many others is better served by a quick refusal. */
const MAX_WAITING = 50;

/** Runs searches on the server that answers reads, and limits how many run at a time. */
export class Searches {
  private readonly limit = pLimit(MAX_RUNNING);

  constructor(private readonly reads: Pick<ReadClient, 'read'>) {}

  /**
   * Finds a page.
   *
   * @param load loads the items of the ids, in the given sequence, without those that no longer exist
   * @param after the result shows everything up to this position
   * @throws {SearchTooExpensiveError} if a statement exceeds its time limit
   * @throws {TooManySearchesError} if too many searches wait
   * @throws {SearchError} if the cursor was changed
   */
  async find<T>(
    searchable: Searchable,
    search: Search,
    load: (database: OrdersClient, ids: string[]) => Promise<T[]>,
    after: WalPosition | null,
  ): Promise<FoundPage<T>> {
    if (this.limit.pendingCount >= MAX_WAITING) throw new TooManySearchesError('Too many searches are waiting.');
    // An outcome instead of an error: if one server cannot answer a search, the next one cannot either.
    const outcome = await this.limit(() =>
      this.reads.read(async (database) => {
        try {
          const page = await readPage(database, searchable, search);
          return {
            page,
            items: await load(
              database,
              page.rows.map(({ id }) => id),
            ),
          };
        } catch (error) {
          return failureOf(error, search);
        }
      }, after),
    );
    if (outcome instanceof Error) throw outcome;
    const { page, items } = outcome;
    const cursorAt = (row: (typeof page.rows)[number] | undefined, backward: boolean): string | null =>
      row ? encodeCursor({ position: row.position, backward }, search.fingerprint) : null;
    return {
      items,
      total: page.total,
      next: page.hasNext ? cursorAt(page.rows.at(-1), false) : null,
      previous: page.hasPrevious ? cursorAt(page.rows[0], true) : null,
    };
  }
}

/** Converts an error that the search itself causes. @throws every other error */
function failureOf(error: unknown, { cursor }: Search): Error {
  if (isTimeout(error)) return new SearchTooExpensiveError('The search takes too long.', { cause: error });
  if (cursor && isWrongValue(error)) return unusableCursor();
  throw error;
}
