import { isDatabaseUnavailable } from '@shop/prisma/errors';
import { createHttpApp, type HttpOptions } from '@shop/runtime/http-server';
import { Problem } from '@shop/runtime/problem';
import { Router } from 'express';
import { BacklogFullError } from '../orders/backlog';
import { catalogRoutes } from './catalog-routes';
import { orderRoutes, type OrderRoutesNeeds } from './order-routes';

/** The REST API, under the prefix of the original's code and under that of its README. */
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
      if (error instanceof BacklogFullError) return comeAgain(error.message);
      return isDatabaseUnavailable(error) ? comeAgain('The database is away. Try again shortly.') : undefined;
    },
  });
}

const comeAgain = (why: string): Problem => new Problem(503, why, { headers: { 'Retry-After': '5' } });
