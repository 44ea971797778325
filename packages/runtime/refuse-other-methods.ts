import type { Router } from 'express';
import { Problem } from './problem';

/** Answers 405 with `Allow` to every other method at the paths of a router, as the original system does. */
export function refuseOtherMethods(routes: Router): Router {
  const served = new Map<string, Set<string>>();
  for (const { route } of routes.stack) {
    if (!route) continue;
    const methods = served.get(route.path) ?? new Set();
    served.set(route.path, methods);
    for (const { method } of route.stack) methods.add(method.toUpperCase());
    if (methods.has('GET')) methods.add('HEAD'); // Express answers HEAD for every GET route
  }
  for (const [path, methods] of served) {
    const allow = [...methods].join(', ');
    routes.all(path, (request, response) => {
      if (request.method === 'OPTIONS') return void response.set('Allow', allow).status(204).end();
      const detail = `${request.method} is not allowed at ${request.baseUrl}${request.path}. Allowed: ${allow}.`;
      throw new Problem(405, detail, { headers: { Allow: allow } });
    });
  }
  return routes;
}
