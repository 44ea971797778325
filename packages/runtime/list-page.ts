import type { Request, Response } from 'express';
import { z } from 'zod';

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

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

/** The query parameter `limit`. */
export const listLimit = z
  .string()
  .regex(/^([1-9]\d{0,2}|1000)$/, { error: `must be a number from 1 to ${MAX_LIMIT}` })
  .optional()
  .transform((text) => (text === undefined ? DEFAULT_LIMIT : Number(text)))
  .meta({ description: `At most this many; ${DEFAULT_LIMIT} by default, up to ${MAX_LIMIT}.` });

/** The query parameter `cursor`. */
export const listCursor = z
  .string()
  .regex(/^-?\d{1,16}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
    error: 'is not a cursor. Use the URL in the header Link of the previous page.',
  })
  .optional()
  .transform((text): ListPlace | null => {
    const [micros, id] = text?.split('_') ?? [];
    return micros === undefined || id === undefined ? null : { micros, id };
  })
  .meta({ description: 'The place after which the page begins, from the header `Link` of the previous page.' });

/** Describes the header `Link` of a page. */
export const nextPageHeader = {
  Link: { description: 'RFC 8288: `first`, and `next` if there is a further page.', schema: z.string() },
};

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

/** Sends a page as an array, with the header `Link`. Its targets are relative, so that they are correct behind a proxy. */
export function sendPage<T>(request: Request, response: Response, { items, next }: ListPage<T>): void {
  const parameters = Object.entries(request.query).filter(
    (parameter): parameter is [string, string] => parameter[0] !== 'cursor' && typeof parameter[1] === 'string',
  );
  const first = new URLSearchParams(parameters);
  const links = [`<?${first.toString()}>; rel="first"`];
  if (next) {
    const following = new URLSearchParams([...parameters, ['cursor', `${next.micros}_${next.id}`]]);
    links.push(`<?${following.toString()}>; rel="next"`);
  }
  response.set('Link', links.join(', ')).json(items);
}
