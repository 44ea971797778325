import { z } from 'zod';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

const expected = { error: `must be a number from 1 to ${MAX_LIMIT}` };

/** The query parameter `limit` of an operation that answers a page. */
export const pageLimit = z.coerce
  .number(expected)
  .int(expected)
  .min(1, expected)
  .max(MAX_LIMIT, expected)
  .default(DEFAULT_LIMIT)
  .meta({ description: 'The maximum number of items in the page.' });
