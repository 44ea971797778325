import { TextDecoder } from 'node:util';
import express, { type RequestHandler } from 'express';
import { Problem } from './problem';

/** Holds an order of a thousand products, whatever else their lines say. */
const LIMIT_BYTES = 2 ** 20;

/**
 * Reads a request's body as JSON, of whatever content type, as the original does. Routes that need none do without:
 * what a client sends along with a GET or a DELETE is nobody's business.
 *
 * @throws Problem 400 where it is not JSON, 413 where it is too long, 415 where its charset or encoding is unknown
 */
export const jsonBody: RequestHandler = async (request, response, next) => {
  await new Promise<void>((resolve, reject) => {
    readBytes(request, response, (error?: unknown) => (error instanceof Error ? reject(problemOf(error)) : resolve()));
  });
  request.body = parse(request.body, request.get('content-type') ?? '');
  next();
};

const readBytes = express.raw({ type: () => true, limit: LIMIT_BYTES });

/** What express says of a body that it cannot read, in our words. */
function problemOf(error: Error): Error {
  if (!('status' in error)) return error;
  if (error.status === 413) return new Problem(413, `The body is larger than ${LIMIT_BYTES / 2 ** 20} MiB.`);
  if (error.status === 415) {
    const headers = { 'Accept-Encoding': 'gzip, deflate, br' };
    return new Problem(415, 'The body is compressed in a way that we do not read.', { headers });
  }
  return new Problem(400, `The body cannot be read: ${error.message}.`);
}

function parse(bytes: unknown, contentType: string): unknown {
  const text = bytes instanceof Buffer ? decoderFor(contentType).decode(bytes) : '';
  if (text.trim() === '') throw new Problem(400, 'The body is empty; it must be a JSON object.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(400, `The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function decoderFor(contentType: string): TextDecoder {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset);
  } catch {
    throw new Problem(415, `The charset ${JSON.stringify(charset)} is not one that we read. UTF-8 is.`);
  }
}
