import { isDatabaseDown } from '@shop/prisma/errors';
import { createHttpApp, type HttpOptions } from '@shop/service/http-server';
import { Problem } from '@shop/service/problem';
import { Router } from 'express';
import { catalogRoutes } from './catalog-routes';
import { orderRoutes, type OrderRoutesNeeds } from './order-routes';

/** The REST API, under the prefix of the original's code and under that of its README. */
export function createOrderApp({
  log,
  readiness,
  ...needs
}: OrderRoutesNeeds & Pick<HttpOptions, 'log' | 'readiness'>) {
  const routes = Router();
  routes.use(catalogRoutes(needs.database), orderRoutes(needs));
  return createHttpApp({
    log,
    prefixes: ['/orderManagement', '/order-management'],
    routes,
    readiness,
    explain: (error) =>
      isDatabaseDown(error)
        ? new Problem(503, 'The database is away. Try again shortly.', { headers: { 'Retry-After': '5' } })
        : undefined,
  });
}
