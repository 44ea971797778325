import { isSchemaError } from '@shop/prisma/errors';
import { createHttpApp, type HttpOptions } from '@shop/runtime/http-server';
import { retryLater } from '@shop/runtime/problem';
import { BacklogFullError } from '../orders/backlog';
import { TooManyWaitsError } from '../orders/settlement-waits';
import { Searches } from '../search/searches';
import { orderApi, type OrderApiNeeds } from './api';
import { searchProblem } from './search-query';

export interface OrderAppOptions
  extends
    Omit<OrderApiNeeds, 'searches'>,
    Pick<HttpOptions, 'log' | 'readiness' | 'stopping' | 'authenticate' | 'policy' | 'pages'> {
  /** Whether the migrations are applied. Until then, a missing table is not an error of the program. */
  isMigrated?: () => boolean;
}

/** Creates the HTTP application of order-management. */
export function createOrderApp({
  log,
  readiness,
  authenticate,
  stopping,
  policy,
  pages,
  isMigrated = () => true,
  ...needs
}: OrderAppOptions) {
  return createHttpApp({
    ...orderApi({ ...needs, searches: new Searches(needs.reads), ...(stopping && { stopping }) }),
    log,
    readiness,
    ...(authenticate && { authenticate }),
    ...(stopping && { stopping }),
    ...(policy && { policy }),
    ...(pages && { pages }),
    explain: (error) => {
      const problem = searchProblem(error);
      if (problem) return problem;
      if (error instanceof BacklogFullError) return retryLater(error.message, 'too-many-unsettled-orders');
      if (error instanceof TooManyWaitsError) return retryLater(error.message, 'too-many-waits');
      if (!isMigrated() && isSchemaError(error)) return retryLater('The database is being prepared.');
      return undefined;
    },
  });
}
