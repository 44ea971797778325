import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { BODY_LIMIT_BYTES, bodyTooLarge } from './body-limit';
import { JsonSize } from './json-size';
import { Problem } from './problem';

/**
 * Reads a request's body as JSON, whatever its content type, as the original system does. Only operations that have a body
 * use it, so that a body sent with a GET or a DELETE is ignored. Express's own parsers read a body that is too large to its end.
 *
 * @param orEmpty makes an empty body count as an empty object
 * @throws {Problem} 400 if the body is empty or not JSON, 413 if it is larger than 1 MiB or has too many values, 415 if its charset or compression
 *   is not supported
 */
export async function readJson(
  request: IncomingMessage,
  { orEmpty = false }: { orEmpty?: boolean | undefined } = {},
): Promise<unknown> {
  const text = await read(contentOf(request), decoderOf(request.headers['content-type']));
  return orEmpty && text.trim() === '' ? {} : parse(text);
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new Problem('malformed-body', 'The body is empty; it must be a JSON object.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(
      'malformed-body',
      `The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

function decoderOf(contentType = ''): TextDecoder {
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(charset);
  } catch {
    throw new Problem(
      'unsupported-charset',
      `The charset ${JSON.stringify(charset.slice(0, 100))} is not supported. Use UTF-8.`,
    );
  }
}

const DECOMPRESSORS: Record<string, () => Transform> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Returns the stream of a request's decompressed body. */
function contentOf(request: IncomingMessage): Readable {
  const compression = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (compression === 'identity') return request;
  if (!Object.hasOwn(DECOMPRESSORS, compression)) {
    throw new Problem(
      'unsupported-compression',
      'The compression of the body is not supported. Use gzip, deflate or br.',
      {
        headers: { 'Accept-Encoding': 'gzip, deflate, br' },
      },
    );
  }
  const content = DECOMPRESSORS[compression]!();
  request.once('error', (error) => content.destroy(error)); // `pipe` does not pass on that the client has disconnected
  return request.pipe(content);
}

/** Reads a stream to its end, or until it exceeds a limit; the rest then stays unread. */
function read(content: Readable, decoder: TextDecoder): Promise<string> {
  return new Promise((resolve, reject) => {
    const jsonSize = new JsonSize();
    let bytes = 0;
    let text = '';
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > BODY_LIMIT_BYTES) throw bodyTooLarge();
      const part = decoder.decode(chunk, { stream: true });
      jsonSize.add(part);
      text += part;
    };
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        content.off('data', onData).pause();
        reject(error);
      }
    };
    content.on('data', onData);
    content.on('end', () => resolve(text + decoder.decode()));
    content.on('error', (error) => reject(new Problem('malformed-body', `The body cannot be read: ${error.message}.`)));
  });
}
