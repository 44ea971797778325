import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:net';
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { authenticateNobody, type Authenticate } from './access/authenticate';
import { provideAuthentication } from './access/authorize';
import { Admission } from './admission';
import { completeApi, type Api } from './api';
import { announcesLargeBody, BodyRefused, refuseLargeBody, sendWithoutReading } from './body-limit';
import { Connections, CONNECTION_LIMITS } from './connections';
import { crossOrigin } from './cross-origin';
import { faultOf } from './fault';
import { healthOperations, metricsOperation } from './health-operations';
import { OPEN, type HttpPolicy } from './http-policy';
import type { Part } from './lifecycle';
import { listen } from './listen';
import type { Logger } from './log';
import { connectionsCut, methodLabel, requestSeconds } from './metrics';
import { Problem, retryLater, sendProblem } from './problem';
import { limitRate } from './rate-limit';
import type { Readiness } from './readiness';
import { refuseForeign } from './refuse-foreign';
import { carefulHeaders, forbidStorage } from './response-headers';
import { routerOf } from './router-of';
import { traceRequest } from './tracing/trace-request';

export interface HttpOptions extends Api {
  log: Logger;
  readiness: () => Promise<Readiness>;
  /** Identifies callers; without it, every caller is an operator. */
  authenticate?: Authenticate;
  /** Once aborted, `/readyz` answers 503, and each response closes its connection. */
  stopping?: AbortSignal;
  /** Turns errors of this service into problems; returns undefined for every other error, which `faultOf` classifies. */
  explain?: (error: unknown) => Problem | undefined;
  policy?: HttpPolicy;
  /** Serves the pages of the service, at paths where it has no operation. */
  pages?: RequestHandler;
}

declare module 'express-serve-static-core' {
  interface Locals {
    log: Logger;
  }
}

/** Creates a service's HTTP application: its operations, request ids, health checks, and problem documents for errors. */
export function createHttpApp({
  log,
  readiness,
  authenticate = authenticateNobody,
  stopping = new AbortController().signal,
  explain,
  policy = OPEN,
  pages,
  ...api
}: HttpOptions): express.Express {
  const { root, prefixed } = completeApi(api, { readiness, stopping });
  return appOf({ log, stopping, policy, authenticate, ...(explain && { explain }) }, (app) => {
    app.use(routerOf(policy.servesMetrics ? [...root, metricsOperation] : root));
    if (api.prefixes.length > 0)
      app.use(api.prefixes, traceRequest, routerOf(prefixed, new Admission(policy.admission)));
    if (pages) app.use(pages);
  });
}

/** Creates the application of the management port: the health checks and the metrics. */
export function createManagementApp({
  log,
  readiness,
  stopping = new AbortController().signal,
  policy = OPEN,
}: Pick<HttpOptions, 'log' | 'readiness' | 'stopping' | 'policy'>): express.Express {
  const operations = [...healthOperations({ readiness, stopping }), metricsOperation];
  return appOf({ log, stopping, policy, authenticate: authenticateNobody }, (app) => app.use(routerOf(operations)));
}

interface AppOptions {
  log: Logger;
  stopping: AbortSignal;
  authenticate: Authenticate;
  explain?: HttpOptions['explain'];
  policy: HttpPolicy;
}

function appOf(
  { log, stopping, authenticate, explain, policy }: AppOptions,
  addRouters: (app: express.Express) => void,
): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', policy.trustedProxies);
  app.use(requestId(log), closeConnectionsOnce(stopping), carefulHeaders, forbidStorage, ...crossOrigin(policy));
  app.use(refuseUnsupported, refuseLargeBody, refuseForeign(policy), ...limitRate(policy.requestsPerMinute));
  app.use(provideAuthentication(authenticate));
  addRouters(app);
  app.use((request) => {
    throw new Problem('route-not-found', `No route for ${request.method} ${request.path}.`);
  });
  app.use(answerErrors(explain));
  return app;
}

// Characters that are safe in a header and in a log line.
const SAFE_REQUEST_ID = /^[\w.:@/+=-]{1,128}$/;

function requestId(log: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && SAFE_REQUEST_ID.test(given) ? given : randomUUID();
    response.set('X-Request-ID', id);
    response.locals.log = log.child({ requestId: id });
    const stopTimer = requestSeconds.startTimer({ method: methodLabel(request.method) });
    response.on('finish', () => {
      // The pattern, not the path: each id in a path would create a series.
      const route = request.route as { path: string } | undefined;
      stopTimer({ route: route?.path ?? 'none', status: response.statusCode });
      const level = response.statusCode >= 500 ? 'error' : 'debug';
      response.locals.log[level](
        { method: request.method, path: request.path, status: response.statusCode },
        'request',
      );
    });
    next();
  };
}

/** Closes each connection with its response. Otherwise a load balancer may reuse a closing one, and lose a request. */
const closeConnectionsOnce =
  (stopping: AbortSignal): RequestHandler =>
  (_request, response, next) => {
    if (stopping.aborted) response.set('Connection', 'close');
    next();
  };

/** Rejects requests that Node would reject with a bare status line. */
const refuseUnsupported: RequestHandler = ({ headers, httpVersion }, _response, next) => {
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new Problem('malformed-request', 'The request has no Host header.');
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    throw new Problem('unsupported-expectation', 'The expectation is not supported. Use 100-continue.');
  }
  next();
};

const answerErrors =
  (explain: HttpOptions['explain']): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof BodyRefused) return void sendWithoutReading(response, error);
    let problem = error instanceof Problem ? error : (routerProblem(error) ?? explain?.(error));
    if (!problem) {
      const fault = faultOf(error);
      const isOutage = fault === 'unavailable' || fault === 'unknown';
      response.locals.log[fault === 'unavailable' ? 'warn' : 'error'](error, 'request failed');
      problem = isOutage ? retryLater('The service is temporarily unavailable.') : internalError(response);
    }
    sendProblem(response, problem);
  };

const internalError = (response: Response): Problem =>
  new Problem(
    'internal-error',
    `The request failed because of an internal error, which is logged with request id ${response.get('X-Request-ID')}.`,
  );

/** Converts the error of Express's router for a path that cannot be decoded. */
const routerProblem = (error: unknown): Problem | undefined =>
  error instanceof URIError && 'status' in error && error.status === 400
    ? new Problem('malformed-path', error.message)
    : undefined;

export interface ServerOptions {
  /** The address to listen on. `localhost`, the default, stands for both loopback addresses. */
  address?: string;
  /** How long, in ms, a connection stays open without a request; 5 seconds by default. */
  keepAliveMs?: number;
  limits?: Partial<typeof CONNECTION_LIMITS>;
}

/**
 * Serves an application. Stopping it waits for the requests in flight.
 *
 * @param port 0 selects a free port
 */
export async function serveHttp(
  app: express.Express,
  port: number,
  { address = 'localhost', keepAliveMs = 5_000, limits: changed = {} }: ServerOptions = {},
): Promise<Part & { port: number }> {
  const limits = { ...CONNECTION_LIMITS, ...changed };
  const server = createServer({
    requireHostHeader: false,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: limits.receiveMs,
    requestTimeout: limits.receiveMs,
    connectionsCheckingInterval: limits.checkMs,
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('checkContinue', (request, response) => {
    if (!announcesLargeBody(request)) response.writeContinue();
    server.emit('request', request, response);
  });
  const connections = new Connections(server, app, limits, keepAliveMs);
  const { port: chosenPort, listeners } = await listen(server, port, address);
  for (const listener of listeners) {
    listener.maxConnections = limits.connections;
    listener.on('drop', () => connectionsCut.inc({ reason: 'too-many' }));
  }
  return {
    name: 'http',
    port: chosenPort,
    stop: async () => {
      const closed = listeners.map((listener) => close(listener));
      const cutting = connections.stop();
      await Promise.all(closed).finally(cutting.end);
    },
  };
}

/** Stops accepting connections, and waits until those that it has accepted are closed. */
const close = (listener: Server): Promise<void> =>
  new Promise((resolve, reject) => listener.close((error) => (error ? reject(error) : resolve())));
