import { createHash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { isHealthCheck } from './is-health-check';
import { Problem } from './problem';

const WINDOW_MS = 60_000;

const hashOf = (credential: string): string => createHash('sha256').update(credential).digest('base64url');

/**
 * Limits how many requests each client may send per minute: each address, and each credential at whatever address. Every
 * answer has the headers `RateLimit` and `RateLimit-Policy`.
 *
 * @param perMinute 0 means that there is no limit
 */
export function limitRate(perMinute: number): RequestHandler[] {
  if (perMinute === 0) return [];
  const limit = (identifier: string, keyOf: (request: Request) => string, skip: (request: Request) => boolean) =>
    rateLimit({
      windowMs: WINDOW_MS,
      limit: perMinute,
      identifier,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      validate: false, // its checks of the configuration are those of TRUSTED_PROXIES
      skip: (request) => isHealthCheck(request) || skip(request),
      keyGenerator: keyOf,
      // The library has set Retry-After.
      handler: (_request, _response, next) =>
        next(new Problem('too-many-requests', `A client may send ${perMinute} requests per minute.`)),
    });
  return [
    limit(
      'address',
      ({ ip = '' }) => ipKeyGenerator(ip), // an IPv6 client has a whole subnet
      () => false,
    ),
    limit(
      'credential',
      (request) => hashOf(request.get('authorization') ?? ''),
      (request) => request.get('authorization') === undefined,
    ),
  ];
}
