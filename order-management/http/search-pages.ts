import type { PageParameters } from '@shop/runtime/page-links';
import type { FoundPage } from '../search/searches';

/** The largest offset. The cost of a page grows with its offset; a cursor has no such cost. */
export const MAX_OFFSET = 10_000;

/**
 * Selects the pages that the header `Link` of a page refers to. A client that pages by offset continues by offset, up to
 * the largest one.
 *
 * @param offset null if the request has none
 */
export function relatedPages(
  { limit, offset }: { limit: number; offset: number | null },
  { next, previous }: Pick<FoundPage<unknown>, 'next' | 'previous'>,
): Record<'next' | 'prev' | 'first', PageParameters | null> {
  if (offset === null) {
    // `limit`, because without any parameter the request is one for the list of all orders.
    return { next: byCursor(next), prev: byCursor(previous), first: { limit: String(limit) } };
  }
  return {
    next: next !== null && offset + limit <= MAX_OFFSET ? at(offset + limit) : byCursor(next),
    prev: offset > 0 ? at(Math.max(0, offset - limit)) : null,
    first: at(0),
  };
}

const byCursor = (cursor: string | null) => (cursor === null ? null : { cursor });

const at = (offset: number) => ({ offset: String(offset) });
