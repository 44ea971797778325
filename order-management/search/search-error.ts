/** The parameters in which a search can have a mistake; each is a code of the problem catalogue. */
export type SearchErrorCode = 'malformed-filter' | 'malformed-sort' | 'malformed-cursor';

/** A search that cannot be understood. The message says what is wrong and what is expected. */
export class SearchError extends Error {
  override name = 'SearchError';

  /** @param position where the mistake is in the text of `filter=`, in characters; the first one is 1 */
  constructor(
    readonly code: SearchErrorCode,
    message: string,
    readonly position?: number,
  ) {
    super(message);
  }
}
