import type { RequestHandler } from 'express';
import { Problem } from './problem';

/**
 * Refuses a request with a query parameter that the route does not have. A client that misspells a filter would otherwise
 * take the whole list for the filtered one.
 *
 * @param known the parameters of the route; their names are case-sensitive, as in the original
 * @throws {Problem} 400 if the request has another parameter; the detail names it and the known ones
 */
export const queryParameters =
  (...known: string[]): RequestHandler =>
  (request, _response, next) => {
    const unknown = Object.keys(request.query).find((name) => !known.includes(name));
    if (unknown === undefined) return next();
    const parameters = known.length > 0 ? `Its parameters are ${known.join(', ')}.` : 'It has no parameters.';
    throw new Problem(
      400,
      `${request.method} ${request.baseUrl}${request.path} has no query parameter ${JSON.stringify(unknown.slice(0, 100))}. ${parameters}`,
    );
  };
