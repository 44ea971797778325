import cors from 'cors';
import type { RequestHandler } from 'express';
import type { HttpPolicy } from './http-policy';

/** How long, in seconds, a browser may remember the answer to a preflight. */
const PREFLIGHT_AGE_S = 600;

/**
 * Permits the pages of the allowed origins to read the answers; no page of another origin can. A preflight continues to the
 * router, which answers OPTIONS for each path. Cookies are not permitted: the consistency token is a header as well.
 */
export const crossOrigin = ({ corsOrigins }: HttpPolicy): RequestHandler[] =>
  corsOrigins.length === 0
    ? []
    : [
        cors({
          origin: corsOrigins,
          methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
          exposedHeaders: '*',
          maxAge: PREFLIGHT_AGE_S,
          preflightContinue: true,
        }),
      ];
