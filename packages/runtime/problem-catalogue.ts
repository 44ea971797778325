export interface ProblemDescription {
  status: number;
  /** What is wrong, in a few words; the same for every occurrence. */
  title: string;
  /** When a client receives this problem and what it can do, in Markdown. */
  description: string;
}

/**
 * Every error that a service answers, by its code. The code is stable: clients may depend on it.
 * `docs/api.md` and the OpenAPI documents list these entries.
 */
export const PROBLEMS = {
  'malformed-request': {
    status: 400,
    title: 'The request is not well-formed HTTP',
    description: 'The bytes are not a valid HTTP/1.1 request, or the `Host` header is missing.',
  },
  'malformed-path': {
    status: 400,
    title: 'The path cannot be decoded',
    description: 'The path contains a percent encoding that is not UTF-8.',
  },
  'invalid-path-parameter': {
    status: 400,
    title: 'A part of the path is invalid',
    description: 'A part of the path, such as an id, does not have the required form.',
  },
  'unknown-query-parameter': {
    status: 400,
    title: 'The operation has no such query parameter',
    description: 'The detail names the unknown parameter and lists those that the operation has.',
  },
  'invalid-query-parameter': {
    status: 400,
    title: 'A query parameter is invalid',
    description: '`errors` lists each invalid parameter as `field`, with a `message`.',
  },
  'malformed-filter': {
    status: 400,
    title: 'The filter has a mistake',
    description:
      'The detail says what was expected. `position` is the place of the mistake in the text of `filter`, in characters, beginning with 1.',
  },
  'malformed-sort': {
    status: 400,
    title: 'The sort has a mistake',
    description: 'The detail lists the sort keys that exist.',
  },
  'malformed-cursor': {
    status: 400,
    title: 'The cursor cannot be used',
    description:
      'A cursor belongs to the filter and the sort of the request whose `Link` header contained it, and cannot be combined with `offset`.',
  },
  'invalid-header': {
    status: 400,
    title: 'A header is invalid',
    description: 'The detail names the header and describes a valid value.',
  },
  'malformed-body': {
    status: 400,
    title: 'The body is not a JSON object',
    description: 'The body is empty, cannot be decoded, is not JSON, or is JSON but not an object.',
  },
  'foreign-origin': {
    status: 403,
    title: 'Pages of the origin may not use the service',
    description:
      'A browser sent the request for a web page whose origin is neither the service nor in the setting `CORS_ORIGINS`.',
  },
  unauthenticated: {
    status: 401,
    title: 'The request has no valid credential',
    description:
      'Send `Authorization: Bearer <token>` with an API key or a token. The detail says why a credential was not accepted.',
  },
  forbidden: {
    status: 403,
    title: 'The credential does not permit this',
    description: 'The detail names the role that the operation needs, or the customer that the credential belongs to.',
  },
  'route-not-found': {
    status: 404,
    title: 'The path does not exist',
    description: 'No operation has this path. Check the prefix and the spelling.',
  },
  'problem-not-found': {
    status: 404,
    title: 'The problem code does not exist',
    description: 'The catalogue has no problem with this code.',
  },
  'order-not-found': {
    status: 404,
    title: 'The order does not exist',
    description: 'The order was never placed, or it was deleted.',
  },
  'product-not-found': {
    status: 404,
    title: 'The product does not exist',
    description: 'The product was never added, or it was deleted.',
  },
  'customer-not-found': {
    status: 404,
    title: 'The customer does not exist',
    description: 'The customer was never added.',
  },
  'payment-not-found': {
    status: 404,
    title: 'The payment does not exist',
    description: 'The payment service has no payment with this id.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not have this method',
    description: 'The header `Allow` lists the methods of the path.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    description: 'The client sent the headers or the body too slowly. The connection is closed.',
  },
  'product-in-use': {
    status: 409,
    title: 'The product is part of orders',
    description: 'A product that an order contains cannot be deleted. Retire it: `POST /product/{id}/retire` hides it.',
  },
  'stock-out-of-range': {
    status: 409,
    title: 'The stock would become negative or too large',
    description: 'A restock removes at most the units that are left. The detail has the current stock.',
  },
  'order-not-refundable': {
    status: 409,
    title: 'The order cannot be refunded',
    description:
      'Only the payment of a shipped order is refunded by hand. Cancel an order that is not settled; the payment of a cancelled order is refunded without a request.',
  },
  'insufficient-stock': {
    status: 409,
    title: 'The stock is too low',
    description:
      'At least one product has fewer units than the order needs. `shortages` lists each one with the `ordered` and the `available` quantity.',
  },
  'order-not-cancellable': {
    status: 409,
    title: 'The order cannot be cancelled',
    description: 'The order is already settled, for example shipped.',
  },
  'unknown-event-position': {
    status: 409,
    title: 'The event is not in the database',
    description:
      'The stream cannot continue without a gap: the database was restored or has lost its last writes, or the event was deleted. Read the orders again and follow their events without `Last-Event-ID`.',
  },
  'idempotency-key-expired': {
    status: 409,
    title: 'The order of this Idempotency-Key was deleted',
    description: 'An order was placed with this key and then deleted. Use a new key to place a new order.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The resource has changed',
    description: 'The resource differs from the one that `If-Match` names. Read it again, and repeat the change.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    description: 'A body may have at most 1 MiB, before and after decompression. The connection is closed.',
  },
  'body-too-complex': {
    status: 413,
    title: 'The body has too many values',
    description: 'A body may have at most 10,000 members and elements, and may be nested at most 32 levels deep.',
  },
  'unsupported-charset': {
    status: 415,
    title: 'The charset is not supported',
    description: 'Send the body in UTF-8.',
  },
  'unsupported-compression': {
    status: 415,
    title: 'The compression is not supported',
    description: 'The header `Accept-Encoding` of the response lists the supported ones: gzip, deflate and br.',
  },
  'unsupported-expectation': {
    status: 417,
    title: 'The expectation is not supported',
    description: 'The header `Expect` may only be `100-continue`.',
  },
  'foreign-host': {
    status: 421,
    title: 'The service does not serve the host',
    description:
      'The header `Host` is neither a loopback name nor in the setting `ALLOWED_HOSTS`. The service checks it if it listens on a loopback address without authentication, or if `ALLOWED_HOSTS` is set.',
  },
  'invalid-fields': {
    status: 422,
    title: 'Fields of the body are invalid',
    description: '`errors` lists up to 20 invalid fields, each as `field` with a `message`.',
  },
  'unknown-customer': {
    status: 422,
    title: 'The customer of the order does not exist',
    description: 'Create the customer first, or correct `customerId`.',
  },
  'unknown-product': {
    status: 422,
    title: 'A product of the order does not exist',
    description: 'The detail names each unknown product.',
  },
  'product-retired': {
    status: 422,
    title: 'A product of the order is retired',
    description: 'The product is no longer sold. The detail names each retired product of the order.',
  },
  'order-total-too-large': {
    status: 422,
    title: 'The total of the order is too large',
    description: 'The total exceeds the largest amount that can be paid.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to a different request',
    description: 'A key identifies one order, or one restock. Use a new key for each.',
  },
  'search-too-expensive': {
    status: 422,
    title: 'The search takes too long',
    description:
      'PostgreSQL cancelled the search after 2 seconds. Narrow the filter or use another sort. Repeating the same search does not help.',
  },
  'too-many-requests': {
    status: 429,
    title: 'The client sends too many requests',
    description:
      'Its address, or its credential, has used up the requests of the minute. Repeat the request after `Retry-After` seconds. The header `RateLimit` shows what is left.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    description: 'All headers together may have at most 16 KiB. The connection is closed.',
  },
  'internal-error': {
    status: 500,
    title: 'The service has an error',
    description: 'The error is logged with the request id of the response. Repeating the request does not help.',
  },
  'service-unavailable': {
    status: 503,
    title: 'The service is temporarily unavailable',
    description: 'A dependency, such as PostgreSQL, does not answer. Repeat the request after `Retry-After` seconds.',
  },
  'too-many-searches': {
    status: 503,
    title: 'Too many searches are waiting',
    description:
      'The service runs a limited number of searches at a time. Repeat the request after `Retry-After` seconds.',
  },
  'too-many-unsettled-orders': {
    status: 503,
    title: 'Too many orders wait to be settled',
    description:
      'The service accepts new orders again when others are settled. Repeat the request after `Retry-After` seconds.',
  },
  'too-many-waits': {
    status: 503,
    title: 'Too many requests wait for orders',
    description: 'Repeat the request after `Retry-After` seconds, or without `wait`.',
  },
  'too-many-event-streams': {
    status: 503,
    title: 'Too many event streams are open',
    description: 'Another instance may serve the stream. Repeat the request after `Retry-After` seconds.',
  },
} satisfies Record<string, ProblemDescription>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Whether a text is the code of a problem. */
export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(PROBLEMS, text);
