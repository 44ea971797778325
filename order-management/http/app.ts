import { faultOf } from '@shop/runtime/fault';
import { createHttpApp, type HttpOptions } from '@shop/runtime/http-server';
import { Problem } from '@shop/runtime/problem';
import { Router } from 'express';
import { BacklogFullError } from '../orders/backlog';
import { catalogRoutes } from './catalog-routes';
import { orderRoutes, type OrderRoutesNeeds } from './order-routes';

const RETRY_AFTER_S = 5;

/** Creates the REST API. It serves the prefix of the original's code, and the one that the original's README names. */
export function createOrderApp({
  log,
  readiness,
  stopping,
  ...needs
}: OrderRoutesNeeds & Pick<HttpOptions, 'log' | 'readiness' | 'stopping'>) {
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
      if (faultOf(error) === 'unavailable' || faultOf(error) === 'unknown')
        return retryLater(`The database is unavailable. Try again in ${RETRY_AFTER_S} seconds.`);
      return undefined;
    },
  });
}

const retryLater = (detail: string): Problem =>
  new Problem(503, detail, { headers: { 'Retry-After': String(RETRY_AFTER_S) } });
