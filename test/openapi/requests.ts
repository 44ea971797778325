import type { OpenApiDocument, PathOperation } from '@shop/runtime/openapi';
import { readOpenApi, SERVICES, type Service } from './documents';
import { expectDescribed } from './described-responses';

/** An operation of a document. */
export interface DescribedOperation {
  service: Service;
  id: string;
  method: string;
  path: string;
  operation: PathOperation;
}

/** A request to a service. */
export interface ServiceRequest {
  method: string;
  /** The path and the query. */
  target: string;
  headers: Record<string, string>;
  body?: string;
}

export interface ServiceResponse {
  status: number;
  headers: Headers;
  text: string;
}

const operationsOf = (service: Service, { paths }: OpenApiDocument): DescribedOperation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      service,
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );

/** Lists every operation of both services. */
export const allOperations = (): DescribedOperation[] =>
  SERVICES.flatMap((service) => operationsOf(service, readOpenApi(service)));

/** Makes the request that consists of the examples of an operation. */
export function exampleOf({
  method,
  path,
  operation: { parameters = [], requestBody },
}: DescribedOperation): ServiceRequest {
  const given = parameters.filter(({ example }) => example !== undefined);
  const valuesIn = (place: string) =>
    given
      .filter((one) => one.in === place)
      .map(({ name, example }): [string, string] => [
        name,
        typeof example === 'string' ? example : JSON.stringify(example),
      ]);
  const body = requestBody?.content['application/json']?.example;
  return {
    method,
    target: targetOf(path, valuesIn('path'), valuesIn('query')),
    headers: Object.fromEntries(valuesIn('header')),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

/** Makes the path and the query of a request. */
export function targetOf(path: string, parts: [string, string][], query: [string, string][]): string {
  const filled = parts.reduce((target, [name, value]) => target.replace(`{${name}}`, encodeURIComponent(value)), path);
  return query.length === 0 ? filled : `${filled}?${new URLSearchParams(query)}`;
}

/** An event stream and a response that waits end for a test after this time. */
const READ_MS = 300;

/**
 * Sends a request. It reads an event stream for a moment only.
 *
 * @throws {Error} if the OpenAPI document does not describe the response
 */
export async function send(url: string, service: Service, request: ServiceRequest): Promise<ServiceResponse> {
  const { method, target, headers, body } = request;
  const abort = new AbortController();
  const response = await fetch(url + target, {
    method,
    headers,
    signal: abort.signal,
    ...(body !== undefined && { body: Buffer.from(body) }),
  });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? await readFor(response, abort) : await response.text();
  const exchange = { method, target, status: response.status, headers: response.headers, text };
  expectDescribed(exchange, service);
  return exchange;
}

/** Reads a stream for a moment. */
async function readFor(response: Response, abort: AbortController): Promise<string> {
  setTimeout(() => abort.abort(), READ_MS);
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return text;
}
