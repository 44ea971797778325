import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import express, { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Part } from './lifecycle';
import type { Logger } from './log';
import { registry, requestSeconds } from './metrics';
import { Problem, sendProblem } from './problem';
import type { Readiness } from './readiness';
import { refuseMalformed } from './refuse-malformed';
import { refuseOtherMethods } from './refuse-other-methods';

export interface HttpOptions {
  log: Logger;
  /** The path prefixes that the service answers under, such as `/orderManagement`. */
  prefixes: string[];
  routes?: Router;
  readiness: () => Promise<Readiness>;
  /** From then on the service says that it is not ready, and lets go of each connection with the answer that it gives. */
  stopping?: AbortSignal;
  /** Turns failures that the service knows into problems; returns nothing for those it does not. */
  explain?: (error: unknown) => Problem | undefined;
}

declare module 'express-serve-static-core' {
  interface Locals {
    log: Logger;
  }
}

/** Builds a service's HTTP side: request ids, health, its routes, and an honest answer to everything else. */
export function createHttpApp({
  log,
  prefixes,
  routes,
  readiness,
  stopping = new AbortController().signal,
  explain,
}: HttpOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestId(log), letGoOnce(stopping), refuseOddRequests);

  const health = Router();
  health.get('/livez', (_request, response) => void response.type('text').send('ok'));
  health.get('/readyz', async (_request, response) => {
    const { ready, checks } = await readiness();
    const isReady = ready && !stopping.aborted;
    response.status(isReady ? 200 : 503).json({ ready: isReady, checks });
  });
  health.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  for (const prefix of prefixes) {
    health.get(`${prefix}/health`, (_request, response) => void response.type('text').send('pong'));
  }
  app.use(refuseOtherMethods(health));
  if (routes) app.use(prefixes, routes);

  app.use((request) => {
    throw new Problem(404, `There is nothing at ${request.method} ${request.path}.`);
  });
  app.use(answerErrors(explain));
  return app;
}

// What may be repeated in a header and a log line without harm.
const SANE_REQUEST_ID = /^[\w.:@/+=-]{1,128}$/;

function requestId(log: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && SANE_REQUEST_ID.test(given) ? given : randomUUID();
    response.set('X-Request-ID', id);
    response.locals.log = log.child({ requestId: id });
    const measured = requestSeconds.startTimer({ method: request.method });
    response.on('finish', () => {
      // By what is written in the code: ids in paths would make a series each.
      const route = request.route as { path: string } | undefined;
      measured({ route: route?.path ?? 'none', status: response.statusCode });
      const level = response.statusCode >= 500 ? 'error' : 'debug';
      response.locals.log[level](
        { method: request.method, path: request.path, status: response.statusCode },
        'request',
      );
    });
    next();
  };
}

/** A load balancer that keeps connections would send the next request into one that is just being closed. */
const letGoOnce =
  (stopping: AbortSignal): RequestHandler =>
  (_request, response, next) => {
    if (stopping.aborted) response.set('Connection', 'close');
    next();
  };

/** What Node would answer by itself, without a word. */
const refuseOddRequests: RequestHandler = ({ headers, httpVersion }, _response, next) => {
  if (headers.host === undefined && httpVersion === '1.1') throw new Problem(400, 'The request names no Host.');
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    throw new Problem(417, 'The only expectation that we meet is 100-continue.');
  }
  next();
};

const answerErrors =
  (explain: HttpOptions['explain']): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    let problem = error instanceof Problem ? error : (routerProblem(error) ?? explain?.(error));
    if (!problem) {
      response.locals.log.error(error, 'request failed');
      problem = new Problem(
        500,
        `The request failed for a reason of ours; it is in our logs under ${response.get('X-Request-ID')}.`,
      );
    }
    sendProblem(response, problem);
  };

/** What express' own router complains about: a path that cannot be decoded. */
function routerProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? new Problem(error.status, error.message) : undefined;
}

/**
 * Serves an app; stopping it lets requests under way finish. A port of 0 takes a free one.
 *
 * @param address where to listen; everywhere without
 */
export async function serveHttp(
  app: express.Express,
  port: number,
  address?: string,
): Promise<Part & { port: number }> {
  const server = createServer({ requireHostHeader: false }, app).listen(port, address);
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  const underWay = new Set<ServerResponse>();
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (request, response) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    latest.set(request.socket, response);
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
  });
  server.on('clientError', (error, socket) => {
    const answer = latest.get(socket);
    // The rest of a request that has its answer already, or some of it: a second one would be taken for another's.
    if (answer?.headersSent && !(answer.req.complete && answer.writableFinished)) socket.destroy();
    else refuseMalformed(error, socket);
  });
  await once(server, 'listening');
  return {
    name: 'http',
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        // Or a client that keeps its connection would keep us, for as long as it goes on asking.
        for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close');
      }),
  };
}
