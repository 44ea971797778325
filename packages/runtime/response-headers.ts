import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Adds the headers that tell browsers and caches to be careful with every answer. The headers of Helmet that concern only
 * pages are left out, and so is HSTS: the service itself speaks HTTP, and whatever adds TLS in front of it knows its names.
 * The reference page has a policy of its own.
 */
export const carefulHeaders: RequestHandler = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: { action: 'deny' },
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/** Forbids caches to keep an answer. Operations whose answers contain nothing about a customer may replace the header. */
export const forbidStorage: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};
