import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ListPage, ListPlace } from './list-page';
import { pageLinks } from './page-links';

/** The query parameter `cursor` of a list. */
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

/** Sends a page as an array, with the header `Link`. */
export function sendListPage<T>(request: Request, response: Response, { items, next }: ListPage<T>): void {
  const pages = { next: next && { cursor: `${next.micros}_${next.id}` }, first: {} };
  response.set('Link', pageLinks(request.query, pages)).json(items);
}
