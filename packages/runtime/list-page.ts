// Pages of a list that is sorted by a time and an id. A cursor is the place of the last item of a page.

/** A place in a list: the time in microseconds since 1970, and the id that distinguishes items of the same time. */
export interface ListPlace {
  /** A decimal integer. It exceeds the integers that a double represents exactly only after the year 2255. */
  micros: string;
  id: string;
}

export interface ListPage<T> {
  items: T[];
  /** The place of the last item, if there are further ones. */
  next: ListPlace | null;
}

/**
 * Makes a page of the items that a statement found.
 *
 * @param found up to `limit + 1` items with their places
 */
export function pageOf<T>(found: { item: T; place: ListPlace }[], limit: number): ListPage<T> {
  const page = found.slice(0, limit);
  return {
    items: page.map(({ item }) => item),
    next: found.length > limit ? (page.at(-1)?.place ?? null) : null,
  };
}
