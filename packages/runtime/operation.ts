import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Caller } from './access/caller';
import type { Access } from './access/role';
import type { RequestClass } from './admission';
import type { ProblemCode } from './problem-catalogue';

const noFields = z.object({});
/** What a request has in a part that the operation does not declare. */
type NoFields = typeof noFields;

/** A success answer of an operation. */
export interface Answer {
  description: string;
  /** The JSON value, or the text, of the body; without a schema the answer has no body. */
  schema?: z.ZodType;
  /** The media type of the body; `application/json` by default. */
  contentType?: string;
  /** The headers of the answer, beyond `X-Request-ID`, which every answer has. */
  headers?: Record<string, { description: string; schema: z.ZodType }>;
}

/** The validated parts of a request, and what is needed to answer it. */
export interface Input<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  H extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject = z.ZodObject,
> {
  params: z.output<P>;
  query: z.output<Q>;
  headers: z.output<H>;
  body: z.output<B>;
  /** Who sent the request, with a role that the operation accepts. */
  caller: Caller;
  request: Request;
  response: Response;
  /**
   * Lets the next request of the class begin. An operation calls it before it waits for something that has a limit of its
   * own, such as an event stream.
   */
  release: () => void;
}

/** An operation of a REST API: how its requests are validated, documented and answered. */
export interface Operation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  H extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject = z.ZodObject,
> {
  /** The unique name of the operation, such as `listOrders`. Generated clients use it. */
  id: string;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** The path below the prefix, in the notation of OpenAPI: `/order/{id}`. */
  path: string;
  tag: string;
  /** Who may call the operation. `customer` also requires that the handler shows a customer only what belongs to it. */
  access: Access;
  summary: string;
  /** Markdown. */
  description?: string;
  /** The parts of the path. An invalid one is answered with 400 and the message of the schema, which is a sentence. */
  params?: P;
  /**
   * The query parameters; a repeated one is an array. An unknown or invalid one is answered with 400. A loose object
   * ignores unknown ones.
   */
  query?: Q;
  /** Headers that the operation reads. An invalid one is answered with 400 and the message of the schema, a sentence. */
  headers?: H;
  /** The JSON object in the body. Field names may be in any case. An invalid field is answered with 422. */
  body?: B;
  /** Whether a request without a body counts as one with an empty object. */
  bodyIsOptional?: true;
  /** The success answers, by status. */
  responses: Record<number, Answer>;
  /** The problems that only this operation has; `problemsOf` adds those that follow from its schemas. */
  problems?: ProblemCode[];
  /** What a request costs: `read` by default for a GET, otherwise `write`. `nothing` is not limited. */
  cost?: RequestClass | 'nothing';
  /** A valid request. A test sends it. */
  example?: {
    params?: z.input<P>;
    query?: z.input<Q>;
    headers?: z.input<H>;
    body?: z.input<B>;
  };
  /** Answers a valid request by writing the response. A `Problem` that it throws is sent as a problem document. */
  handle(input: Input<P, Q, H, B>): void | Promise<void>;
}

/** Defines an operation. `handle` receives the outputs of the schemas. */
export const operation = <
  P extends z.ZodObject = NoFields,
  Q extends z.ZodObject = NoFields,
  H extends z.ZodObject = NoFields,
  B extends z.ZodObject = NoFields,
>(
  definition: Operation<P, Q, H, B>,
): Operation => definition;

/** Lists the codes of every problem that an operation can answer. */
export function problemsOf({ access, params, query, headers, body, problems = [] }: Operation): ProblemCode[] {
  return [
    'malformed-request',
    'foreign-origin',
    'foreign-host',
    ...(access === 'open' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(params ? (['malformed-path', 'invalid-path-parameter'] as const) : []),
    ...(query?.def.catchall ? [] : (['unknown-query-parameter'] as const)),
    ...(query && !query.def.catchall ? (['invalid-query-parameter'] as const) : []),
    ...(headers ? (['invalid-header'] as const) : []),
    ...(body
      ? ([
          'malformed-body',
          'invalid-fields',
          'body-too-complex',
          'unsupported-charset',
          'unsupported-compression',
        ] as const)
      : []),
    ...problems,
    'request-timeout',
    'body-too-large',
    'unsupported-expectation',
    'too-many-requests',
    'headers-too-large',
    'internal-error',
    'service-unavailable',
  ];
}
