import type { Request, Response } from 'express';
import type { z } from 'zod';
import { caseInsensitive } from './case-insensitive';
import { readJson } from './json-body';
import type { Input, Operation } from './operation';
import { Problem } from './problem';

/**
 * Reads and validates the parts of a request that an operation declares. A part that it does not declare is empty.
 *
 * @throws {Problem} 400 for the path, the query, the headers, or a body that is not a JSON object; 422 for wrong fields;
 *   413 and 415 for a body that cannot be read
 */
export async function readInput(
  { params, query, headers, body, bodyIsOptional }: Operation,
  request: Request,
  response: Response,
): Promise<Omit<Input, 'caller' | 'release'>> {
  refuseUnknownParameters(request, query);
  return {
    params: params ? readSentence(params, request.params, 'invalid-path-parameter') : {},
    query: query ? readQuery(query, request.query) : {},
    headers: headers ? readSentence(headers, headersOf(request, headers), 'invalid-header') : {},
    body: body ? readBody(body, await readJson(request, { orEmpty: bodyIsOptional })) : {},
    request,
    response,
  };
}

/**
 * Refuses a request with a query parameter that the operation does not have. A client that misspells a filter would
 * otherwise take the whole list for the filtered one. Names are case-sensitive, as in the original.
 */
function refuseUnknownParameters(request: Request, query: z.ZodObject | undefined): void {
  if (query?.def.catchall) return;
  const known = Object.keys(query?.shape ?? {});
  const unknown = Object.keys(request.query).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const parameters = known.length > 0 ? `Its parameters are ${known.join(', ')}.` : 'It has no parameters.';
  throw new Problem(
    'unknown-query-parameter',
    `${request.method} ${request.baseUrl}${request.path} has no query parameter ${JSON.stringify(unknown.slice(0, 100))}. ${parameters}`,
  );
}

const headersOf = (request: Request, { shape }: z.ZodObject): Record<string, string | undefined> =>
  Object.fromEntries(Object.keys(shape).map((name) => [name, request.get(name)]));

/** Validates a part of a request whose schema has messages that are sentences. */
function readSentence<S extends z.ZodObject>(
  schema: S,
  value: unknown,
  code: 'invalid-path-parameter' | 'invalid-header',
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Problem(code, result.error.issues[0]!.message);
}

function readQuery<S extends z.ZodObject>(schema: S, query: Request['query']): z.output<S> {
  const result = schema.safeParse({ ...query }, { error: describeQueryIssue });
  if (result.success) return result.data;
  throw invalidFields('invalid-query-parameter', result.error);
}

function readBody<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('malformed-body', 'The body must be a JSON object.');
  }
  const result = caseInsensitive(schema).safeParse(body, { error: describeIssue });
  if (result.success) return result.data;
  throw invalidFields('invalid-fields', result.error);
}

const describeIssue: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is missing' : undefined;

const describeQueryIssue: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_type' && Array.isArray(issue.input) ? 'must be given once' : describeIssue(issue);

const MAX_REPORTED_ERRORS = 20;

/** Lists the first 20 invalid fields in the detail and in the member `errors`. */
function invalidFields(code: 'invalid-query-parameter' | 'invalid-fields', { issues }: z.ZodError): Problem {
  const errors = issues.slice(0, MAX_REPORTED_ERRORS).map(({ path, message }) => ({ field: path.join('.'), message }));
  const more = issues.length > MAX_REPORTED_ERRORS ? [`and ${issues.length - MAX_REPORTED_ERRORS} more errors`] : [];
  const detail = [...errors.map(({ field, message }) => `${field}: ${message}`), ...more].join('; ');
  return new Problem(code, detail, { members: { errors } });
}
