import type { RequestHandler } from 'express';
import type { HttpPolicy } from './http-policy';
import { isHealthCheck } from './is-health-check';
import { isLoopbackHost } from './loopback';
import { Problem } from './problem';

/**
 * Refuses what only a browser sends for a foreign page: a `Host` that is none of the service's names, as after DNS
 * rebinding, and an `Origin` that is neither the service's own nor allowed. A cross-site POST of the type `text/plain` needs
 * no preflight, and bodies are read whatever their type is.
 */
export function refuseForeign({ refusesForeign, allowedHosts, corsOrigins }: HttpPolicy): RequestHandler {
  const names = new Set(allowedHosts.map((name) => name.toLowerCase()));
  const isOwn = (name: string): boolean => isLoopbackHost(name) || names.has(name.toLowerCase());

  return ({ path, headers: { host, origin } }, _response, next) => {
    if (!refusesForeign || isHealthCheck({ path })) return next();
    // HAProxy's health checks are HTTP/1.0 requests without Host. A browser always sends one.
    if (host !== undefined && !isOwn(host.replace(/:\d*$/, ''))) {
      throw new Problem(
        'foreign-host',
        `The service does not serve the host ${quoted(host)}. Use localhost, or add the name to ALLOWED_HOSTS.`,
      );
    }
    if (origin !== undefined && !corsOrigins.includes(origin) && hostOf(origin) !== host?.toLowerCase()) {
      throw new Problem(
        'foreign-origin',
        `Pages of the origin ${quoted(origin)} may not use the service. Add the origin to CORS_ORIGINS.`,
      );
    }
    next();
  };
}

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);

const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));
