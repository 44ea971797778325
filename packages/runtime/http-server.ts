import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { authenticateNobody, type Authenticate } from './access/authenticate';
import { provideAuthentication } from './access/authorize';
import { completeApi, type Api } from './api';
import { faultOf } from './fault';
import { announcesLargeBody, BodyTooLarge, refuseLargeBody, sendWithoutReading } from './body-limit';
import type { Part } from './lifecycle';
import type { Logger } from './log';
import { requestSeconds } from './metrics';
import { Problem, retryLater, sendProblem } from './problem';
import type { Readiness } from './readiness';
import { refuseMalformed } from './refuse-malformed';
import { routerOf } from './router-of';

export interface HttpOptions extends Api {
  log: Logger;
  readiness: () => Promise<Readiness>;
  /** Identifies callers; without it, every caller is an operator. */
  authenticate?: Authenticate;
  /** Once aborted, `/readyz` answers 503, and each response closes its connection. */
  stopping?: AbortSignal;
  /** Turns errors of this service into problems; returns undefined for every other error, which `faultOf` classifies. */
  explain?: (error: unknown) => Problem | undefined;
}

declare module 'express-serve-static-core' {
  interface Locals {
    log: Logger;
  }
}

/** Creates a service's HTTP application: its operations, request ids, health checks, metrics, and problem documents for errors. */
export function createHttpApp({
  log,
  readiness,
  authenticate = authenticateNobody,
  stopping = new AbortController().signal,
  explain,
  ...api
}: HttpOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestId(log), closeConnectionsOnce(stopping), refuseUnsupported, refuseLargeBody);
  app.use(provideAuthentication(authenticate));

  const { root, prefixed } = completeApi(api, { readiness, stopping });
  app.use(routerOf(root));
  if (api.prefixes.length > 0) app.use(api.prefixes, routerOf(prefixed));

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
    const stopTimer = requestSeconds.startTimer({ method: request.method });
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
    if (error instanceof BodyTooLarge) return void sendWithoutReading(response, error);
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
  /** The address to listen on; every address of the machine by default. */
  address?: string | undefined;
  /** How long, in ms, a connection stays open without a request; 5 seconds by default. */
  keepAliveMs?: number;
}

/**
 * Serves an application. Stopping it waits for the requests in flight.
 *
 * @param port 0 selects a free port
 */
export async function serveHttp(
  app: express.Express,
  port: number,
  { address, keepAliveMs = 5_000 }: ServerOptions = {},
): Promise<Part & { port: number }> {
  // A client may also open a connection in advance, so the first request may arrive as late as a further one.
  const headersTimeout = Math.max(60_000, keepAliveMs + 5_000);
  const server = createServer(
    {
      requireHostHeader: false,
      keepAliveTimeout: keepAliveMs,
      headersTimeout,
      requestTimeout: Math.max(300_000, headersTimeout + 1_000), // Node requires more than `headersTimeout`
    },
    app,
  ).listen(port, address);
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('checkContinue', (request, response) => {
    if (!announcesLargeBody(request)) response.writeContinue();
    server.emit('request', request, response);
  });
  const connections = new Set<Socket>();
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  const inFlight = new Set<ServerResponse>();
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (request, response) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    latest.set(request.socket, response);
    inFlight.add(response);
    response.once('close', () => inFlight.delete(response));
  });
  server.on('clientError', (error, socket) => {
    const response = latest.get(socket);
    // The response to the malformed request has begun. The client would take a second response for the response to its
    // next request.
    if (response?.headersSent && !(response.req.complete && response.writableFinished)) socket.destroy();
    else refuseMalformed(error, socket);
  });
  await once(server, 'listening');
  return {
    name: 'http',
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        // A client that keeps its connection open and sends further requests would delay the stop forever.
        for (const response of inFlight) if (!response.headersSent) response.setHeader('Connection', 'close');
        // Node closes idle connections, but takes one that was opened in advance for one with a request in flight.
        for (const connection of connections) if (connection.bytesRead === 0) connection.destroy();
      }),
  };
}
