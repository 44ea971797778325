import { z } from 'zod';
import { CALLERS, type Role } from './access/role';
import { problemsOf, type Answer, type Operation } from './operation';
import { PROBLEMS, type ProblemCode } from './problem-catalogue';
import { SchemaComponents, type JsonSchema } from './schema-components';

export interface OpenApiDocument {
  openapi: '3.1.1';
  info: Record<string, unknown>;
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, PathOperation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    headers: Record<string, unknown>;
    responses: Record<string, ResponseObject>;
    securitySchemes: Record<string, unknown>;
  };
}

/** An operation in a document. */
export interface PathOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  /** The roles that may call the operation; none if it is open. */
  security: SecurityRequirement[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema; example?: unknown }> };
  responses: Record<string, ResponseObject | Reference>;
}

/** The role that a credential must have. */
export type SecurityRequirement = Record<typeof SECURITY_SCHEME, [Role]>;

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
  example?: unknown;
}

export interface Reference {
  $ref: string;
}

export interface ResponseObject {
  description: string;
  headers: Record<string, unknown>;
  content?: Record<string, { schema: JsonSchema }>;
}

const problem = z
  .looseObject({
    type: z.string().meta({ description: 'The URL that explains the problem: `/problems/<code>`.' }),
    code: z.string().meta({ description: 'A stable code for programs.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong with this request and how to correct it, for people.' }),
    error: z.string().meta({ description: 'The same text as `detail`, for clients of the original system.' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Each invalid field or query parameter.' }),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457).' });

const requestId = {
  description: 'The id of the request in the log: the one that the client sent, or a new one.',
  schema: { type: 'string' },
};
const retryAfter = { description: 'The seconds to wait before the next attempt.', schema: { type: 'string' } };

const SECURITY_SCHEME = 'bearer';

const securityScheme = {
  type: 'http',
  scheme: 'bearer',
  description: 'An API key, `shop_<prefix>_<secret>`, or a JSON Web Token of the identity provider.',
};

const wwwAuthenticate = { description: 'The method of authentication (RFC 6750).', schema: { type: 'string' } };

const notModified: ResponseObject = {
  description: 'The answer is the one that `If-None-Match` of the request names; see `ETag`.',
  headers: { 'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' } },
};

/** What a document is about. */
export interface ApiInfo {
  title: string;
  /** Markdown. */
  description: string;
  version: string;
}

/**
 * Describes operations in an OpenAPI 3.1 document. Its schemas are those that validate requests.
 *
 * @param operations with their full paths
 */
export function describeApi(info: ApiInfo, operations: readonly Operation[]): OpenApiDocument {
  const schemas = new SchemaComponents();
  const paths: OpenApiDocument['paths'] = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = describeOperation(operation, schemas);
  }
  const responses = describeShared(operations, schemas);
  return {
    openapi: '3.1.1',
    info: { ...info, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.all(),
      headers: { 'X-Request-ID': requestId, 'Retry-After': retryAfter, 'WWW-Authenticate': wwwAuthenticate },
      responses: { ...responses, 'not-modified': notModified },
      securitySchemes: { [SECURITY_SCHEME]: securityScheme },
    },
  };
}

function describeOperation(operation: Operation, schemas: SchemaComponents): PathOperation {
  const { id, tag, access, summary, description, params, query, headers, body, example = {} } = operation;
  const parameters = [
    ...parametersOf('path', params, example.params, schemas),
    ...parametersOf('query', query, example.query, schemas),
    ...parametersOf('header', headers, example.headers, schemas),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: access === 'open' ? [] : CALLERS[access].map((role) => ({ [SECURITY_SCHEME]: [role] })),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !operation.bodyIsOptional,
        content: {
          'application/json': {
            schema: schemas.input(body),
            ...(example.body !== undefined && { example: example.body }),
          },
        },
      },
    }),
    responses: describeResponses(operation, schemas),
  };
}

/** Describes each field of a schema as a parameter. */
function parametersOf(
  place: Parameter['in'],
  schema: z.ZodObject | undefined,
  example: Record<string, unknown> = {},
  schemas: SchemaComponents,
): Parameter[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemas.input(schema);
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
    ...(example[name] !== undefined && { example: example[name] }),
  }));
}

function describeResponses(operation: Operation, schemas: SchemaComponents): PathOperation['responses'] {
  const responses: PathOperation['responses'] =
    operation.method === 'get' ? { 304: { $ref: '#/components/responses/not-modified' } } : {};
  for (const codes of problemsByStatus(operation)) {
    responses[PROBLEMS[codes[0]].status] =
      codes.length === 1 ? { $ref: `#/components/responses/${codes[0]}` } : describeProblems(codes, schemas);
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    const described = describeAnswer(answer, schemas);
    const problems = problemsByStatus(operation).find(([code]) => PROBLEMS[code].status === Number(status));
    const content = problems && describeProblems(problems, schemas).content;
    responses[status] = {
      ...described,
      ...((content ?? described.content) && { content: { ...content, ...described.content } }),
    };
  }
  return responses;
}

/** The problems of a request for which no operation exists. */
const WITHOUT_OPERATION: ProblemCode[] = ['route-not-found', 'method-not-allowed'];

/** Describes each problem that is the only one of its status in some operation, and those without an operation. */
function describeShared(operations: readonly Operation[], schemas: SchemaComponents): Record<string, ResponseObject> {
  const single = operations.flatMap(problemsByStatus).filter((codes) => codes.length === 1);
  const codes = [...new Set([...single.map(([code]) => code), ...WITHOUT_OPERATION])].toSorted();
  return Object.fromEntries(codes.map((code) => [code, describeProblems([code], schemas)]));
}

type Codes = [ProblemCode, ...ProblemCode[]];

function problemsByStatus(operation: Operation): Codes[] {
  const problems = problemsOf(operation);
  const statuses = [...new Set(problems.map((code) => PROBLEMS[code].status))];
  return statuses.map((status) => problems.filter((code) => PROBLEMS[code].status === status) as Codes);
}

function describeAnswer(
  { description, schema, contentType, headers = {} }: Answer,
  schemas: SchemaComponents,
): ResponseObject {
  return {
    description,
    headers: {
      'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' },
      ...Object.fromEntries(
        Object.entries(headers).map(([name, header]) => [
          name,
          { description: header.description, schema: schemas.output(header.schema) },
        ]),
      ),
    },
    ...(schema && { content: { [contentType ?? 'application/json']: { schema: schemas.output(schema) } } }),
  };
}

function describeProblems(codes: Codes, schemas: SchemaComponents): ResponseObject {
  const { status } = PROBLEMS[codes[0]];
  const isOf = { properties: { code: { enum: codes }, status: { const: status } } };
  return {
    description: codes.map((code) => `- \`${code}\`: ${PROBLEMS[code].title}.`).join('\n'),
    headers: {
      'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' },
      ...(status === 401 && { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } }),
      ...((status === 429 || status === 503) && { 'Retry-After': { $ref: '#/components/headers/Retry-After' } }),
    },
    content: { 'application/problem+json': { schema: { allOf: [schemas.output(problem), isOf] } } },
  };
}
