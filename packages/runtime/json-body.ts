import express, { type RequestHandler } from 'express';
import { Problem } from './problem';

/** Enough for an order of a thousand products. */
const LIMIT_BYTES = 2 ** 20;

/** Not `express.json`: it accepts UTF encodings only and turns an empty body into `{}`. */
const readText = express.text({ type: () => true, limit: LIMIT_BYTES });

/**
 * Reads a request's body as JSON, whatever its content type, as the original system does. Only routes that need a body use
 * it, so that a body sent with a GET or a DELETE is ignored.
 *
 * @throws {Problem} 400 if the body is empty or not JSON, 413 if it is larger than 1 MiB, 415 if its charset or compression
 *   is not supported
 */
export const jsonBody: RequestHandler = async (request, response, next) => {
  await new Promise<void>((resolve, reject) => {
    readText(request, response, (error?: ReadError) => (error ? reject(problemOf(error)) : resolve()));
  });
  request.body = parse(request.body);
  next();
};

function parse(body: unknown): unknown {
  const text = typeof body === 'string' ? body : '';
  if (text.trim() === '') throw new Problem(400, 'The body is empty; it must be a JSON object.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(400, `The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** An error of `body-parser`; the types are those of its documentation. */
interface ReadError {
  type?: string;
  charset?: string;
  message: string;
}

function problemOf({ type = '', charset, message }: ReadError): Problem {
  switch (type) {
    case 'entity.too.large':
      return new Problem(413, `The body is larger than ${LIMIT_BYTES / 2 ** 20} MiB.`);
    case 'charset.unsupported':
      return new Problem(415, `The charset ${JSON.stringify(charset)} is not supported. Use UTF-8.`);
    case 'encoding.unsupported':
      return new Problem(415, 'The compression of the body is not supported. Use gzip, deflate or br.', {
        headers: { 'Accept-Encoding': 'gzip, deflate, br' },
      });
    default:
      return new Problem(400, `The body cannot be read: ${message}.`);
  }
}
