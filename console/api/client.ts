import type { paths as OrderPaths } from '@shop/openapi/order-management';
import type { paths as PaymentPaths } from '@shop/openapi/payment-processing';
import createClient, { type Middleware } from 'openapi-fetch';
import { offline, problemOf } from './problem';
import { retryAfterOf } from './retry-after';
import { forgetCredential, readCredential } from './session';

export type * from './types';

/** Longer than a load balancer waits for an answer (HAProxy here 30 s), whose response says more. */
const TIME_LIMIT_MS = 35_000;

/** Adds the credential and the time limit. */
const prepare: Middleware = {
  onRequest: ({ request }) => {
    const credential = readCredential();
    if (credential !== null) request.headers.set('Authorization', `Bearer ${credential}`);
    return new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIME_LIMIT_MS)]) });
  },
};

/** Ends the session if order-management no longer accepts the credential: payment-processing has keys of its own. */
const endSession: Middleware = {
  onResponse: ({ response }) => {
    if (response.status === 401) forgetCredential();
    return undefined;
  },
};

/** The client of order-management, which serves the console. */
export const orders = createClient<OrderPaths>({ baseUrl: location.origin });
orders.use(prepare, endSession);

/** Creates the client of payment-processing. @param origin where browsers reach it; null if it is the same origin */
export function createPaymentClient(origin: string | null) {
  const client = createClient<PaymentPaths>({ baseUrl: origin ?? location.origin });
  client.use(prepare);
  return client;
}

export type PaymentClient = ReturnType<typeof createPaymentClient>;

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** An answer with its headers. */
export interface Answer<T> {
  data: T;
  headers: Headers;
}

/** Waits for an answer. @throws {ApiProblem} if it is not a success, or if there is none */
export async function answerOf<T>(request: Promise<Answered<T>>): Promise<Answer<T>> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw offline();
  });
  if (!response.ok) throw problemOf(response.status, error, retryAfterOf(response.headers));
  return { data: data as T, headers: response.headers };
}

/** Waits for the data of an answer. @throws {ApiProblem} if it is not a success, or if there is none */
export const read = async <T>(request: Promise<Answered<T>>): Promise<T> => (await answerOf(request)).data;

/** Returns the query of a page that the header `Link` names; null if there is none. */
export function linkedQuery(headers: Headers, relation: 'next' | 'prev' | 'first'): URLSearchParams | null {
  const link = new RegExp(`<[^>?]*\\?([^>]*)>; rel="${relation}"`).exec(headers.get('link') ?? '')?.[1];
  return link === undefined ? null : new URLSearchParams(link);
}

/** Makes the key of a request that may be repeated. `crypto.randomUUID` exists only in pages served over TLS or by localhost. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
