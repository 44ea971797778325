import { sqlStateOf } from '@shop/prisma/errors';
import { createHttpApp, type HttpOptions } from '@shop/runtime/http-server';
import { retryLater } from '@shop/runtime/problem';
import { Router } from 'express';
import { BacklogFullError } from '../orders/backlog';
import { catalogRoutes } from './catalog-routes';
import { orderRoutes, type OrderRoutesNeeds } from './order-routes';

export interface OrderAppOptions extends OrderRoutesNeeds, Pick<HttpOptions, 'log' | 'readiness' | 'stopping'> {
  /** Whether the migrations are applied. Until then, a missing table is not an error of the program. */
  isMigrated?: () => boolean;
}

/** Creates the REST API. It serves the prefix of the original's code, and the one that the original's README names. */
export function createOrderApp({ log, readiness, stopping, isMigrated = () => true, ...needs }: OrderAppOptions) {
  const routes = Router();
  routes.use(catalogRoutes(needs), orderRoutes(needs));
  return createHttpApp({
    log,
    prefixes: ['/orderManagement', '/order-management'],
    routes,
    readiness,
    ...(stopping && { stopping }),
    explain: (error) => {
      if (error instanceof BacklogFullError) return retryLater(error.message);
      if (!isMigrated() && isSchemaError(error)) return retryLater('The database is being prepared.');
      return undefined;
    },
  });
}

/** Whether a table, a column or a schema is missing: SQLSTATE class 42 and code 3F000. */
const isSchemaError = (error: unknown): boolean => /^(42|3F)/.test(sqlStateOf(error) ?? '');
