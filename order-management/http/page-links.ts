import type { FoundPage } from '../search/searches';

/** The largest offset. The cost of a page grows with its offset; a cursor has no such cost. */
export const MAX_OFFSET = 10_000;

/** The query parameters of a request; a repeated one has several values. */
type Query = Readonly<Record<string, unknown>>;

/**
 * Makes the header `Link` (RFC 8288) of a page. Its targets are relative to the request, so that they are correct behind a
 * proxy, and repeat its other parameters. A client that pages by offset continues by offset, up to the largest one.
 *
 * @param offset null if the request has none
 */
export function linksOf(
  query: Query,
  { limit, offset }: { limit: number; offset: number | null },
  { next, previous }: Pick<FoundPage<unknown>, 'next' | 'previous'>,
): string {
  const places =
    offset === null
      ? { next: byCursor(next), prev: byCursor(previous), first: {} }
      : {
          next: next !== null && offset + limit <= MAX_OFFSET ? at(offset + limit) : byCursor(next),
          prev: offset > 0 ? at(Math.max(0, offset - limit)) : null,
          first: at(0),
        };
  return Object.entries(places)
    .flatMap(([relation, place]) => (place ? [`<?${targetOf(query, place)}>; rel="${relation}"`] : []))
    .join(', ');
}

const byCursor = (cursor: string | null) => (cursor === null ? null : { cursor });

const at = (offset: number) => ({ offset: String(offset) });

/** The query of a request at another place in the list. */
function targetOf(query: Query, place: Readonly<Record<string, string>>): string {
  const target = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    if (name === 'cursor' || name === 'offset') continue;
    for (const value of [values].flat()) if (typeof value === 'string') target.append(name, value);
  }
  for (const [name, value] of Object.entries(place)) target.set(name, value);
  return target.toString();
}
