import { wholeNumber } from './whole-number';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

/** The query parameter `limit` of an operation that answers a page. */
export const pageLimit = wholeNumber({ min: 1, max: MAX_LIMIT, message: `must be a number from 1 to ${MAX_LIMIT}` })
  .default(DEFAULT_LIMIT)
  .meta({ description: `The maximum number of items in the page; ${DEFAULT_LIMIT} by default.` });
