import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestHandler, Response } from 'express';
import { Problem, problemDocument } from './problem';

/** The largest body that is read, before and after decompression. Enough for an order of a thousand products. */
export const BODY_LIMIT_BYTES = 2 ** 20;

/** A client that sends its whole body before it reads has this long to find the response. */
const LINGER_MS = 1_000;

/** A problem that is detected before the whole body is read. */
export class BodyRefused extends Problem {}

/** Returns the problem of a body that is larger than the limit. */
export const bodyTooLarge = (): BodyRefused =>
  new BodyRefused('body-too-large', `The body is larger than ${BODY_LIMIT_BYTES / 2 ** 20} MiB.`);

/** Whether a request announces a body that is larger than the limit. */
export const announcesLargeBody = ({ headers }: IncomingMessage): boolean =>
  Number(headers['content-length']) > BODY_LIMIT_BYTES;

/** Refuses a request that announces a body larger than the limit. @throws {BodyRefused} */
export const refuseLargeBody: RequestHandler = (request, _response, next) => {
  if (announcesLargeBody(request)) throw bodyTooLarge();
  next();
};

/**
 * Answers a request whose body is refused. `response.end` would read the rest of the body to keep the connection, or
 * close the connection immediately, so that the client loses the response. Therefore the response is complete before it
 * ends.
 */
export async function sendWithoutReading(response: Response, problem: BodyRefused): Promise<void> {
  const document = problemDocument(problem);
  response.status(problem.status).type('application/problem+json; charset=utf-8');
  response.set({ 'Content-Length': String(Buffer.byteLength(document)), Connection: 'close' });
  response.write(document);
  await Promise.race([new Promise((resolve) => response.once('close', resolve)), delay(LINGER_MS)]);
  response.end();
}
