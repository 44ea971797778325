import type { Router } from 'express';
import { Problem } from './problem';

/** Answers other methods at the paths that a router serves: 405 with what is allowed, as the original's router does. */
export function refuseOtherMethods(routes: Router): Router {
  const served = new Map<string, Set<string>>();
  for (const { route } of routes.stack) {
    if (!route) continue;
    const methods = served.get(route.path) ?? new Set();
    served.set(route.path, methods);
    for (const { method } of route.stack) methods.add(method.toUpperCase());
    if (methods.has('GET')) methods.add('HEAD'); // which express answers by itself
  }
  for (const [path, methods] of served) {
    const allow = [...methods].join(', ');
    routes.all(path, (request, response) => {
      if (request.method === 'OPTIONS') return void response.set('Allow', allow).status(204).end();
      const detail = `${request.method} is not allowed at ${request.baseUrl}${request.path}; ${allow} is.`;
      throw new Problem(405, detail, { headers: { Allow: allow } });
    });
  }
  return routes;
}
