import { sqlStateOf } from '@shop/prisma/errors';
import { sql, type Sql } from '@shop/prisma/sql';

/** PostgreSQL cancels a statement of a search after this time. A page that an index provides takes some milliseconds. */
export const SEARCH_TIMEOUT_MS = 2_000;

/**
 * Sets up a transaction for a search: the time limit of each statement, one process per statement, and no compilation, which
 * would take longer than the statement. The random access of an SSD costs little more than the sequential one.
 */
export const limitSearch = (timeoutMs = SEARCH_TIMEOUT_MS): Sql => sql`
  SELECT set_config('statement_timeout', ${String(timeoutMs)}::text, true), set_config('jit', 'off', true),
    set_config('max_parallel_workers_per_gather', '0', true), set_config('random_page_cost', '1.1', true)`;

const QUERY_CANCELED = '57014';
const DATA_EXCEPTION = /^22/;

/** Whether PostgreSQL cancelled a statement because of its time limit. */
export const isTimeout = (error: unknown): boolean => sqlStateOf(error) === QUERY_CANCELED;

/** Whether PostgreSQL refused a value. Filters are checked before, so it is a value of a cursor that was changed. */
export const isWrongValue = (error: unknown): boolean => DATA_EXCEPTION.test(sqlStateOf(error) ?? '');
