import { expectDescribed } from './openapi/described-responses';

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/**
 * Calls a service as the original's clients do: JSON without a content type. A string body is sent unchanged.
 *
 * @throws {Error} if the OpenAPI document does not describe the response
 */
export async function callService(
  { url }: { url: string },
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }),
  });
  const text = await response.text();
  const target = (url + path).replace(/^https?:\/\/[^/]+/, '');
  expectDescribed({ method, target, status: response.status, headers: response.headers, text });
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
}
