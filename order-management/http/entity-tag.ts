import { createHash } from 'node:crypto';
import type { Answer } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import { z } from 'zod';
import { writeAnswer } from './consistency-token';

// Detects that two clients edit the same resource: a write with `If-Match` changes only what its client has read.

const ENTITY_TAG = /(W\/)?"[\x21\x23-\x7e]*"/g;

/** The header of a write that is refused if the resource has changed since the client read it. */
export const ifMatchHeaders = z.object({
  'If-Match': z
    .string()
    .regex(/^(\*|(W\/)?"[\x21\x23-\x7e]*"(\s*,\s*(W\/)?"[\x21\x23-\x7e]*")*)$/, {
      error: 'If-Match must be * or a list of entity tags, such as the ETag of an earlier response.',
    })
    .optional()
    .meta({ description: 'The `ETag` of the response that the client has read. The change is refused if it differs.' }),
});

/** Describes the header `ETag` of an answer. */
export const entityTagHeader: NonNullable<Answer['headers']> = {
  ETag: { description: 'Identifies this state of the resource, for `If-Match`.', schema: z.string() },
};

/** Describes the answer of an operation that changes a resource: its new state, with its entity tag. */
export function changedAnswer(description: string, schema: z.ZodType): Answer {
  const answer = writeAnswer(description, schema);
  return { ...answer, headers: { ...answer.headers, ...entityTagHeader } };
}

/** Returns the entity tag of a resource: it differs if any member of its JSON differs. */
export const entityTagOf = (json: object): string =>
  `"${createHash('sha256').update(JSON.stringify(json)).digest('base64url').slice(0, 22)}"`;

/**
 * Checks the header `If-Match` of a write. Weak tags never match, as RFC 9110 requires.
 *
 * @param json the current state of the resource
 * @throws {Problem} 412 if the client has read another state
 */
export function checkEntityTag(ifMatch: string | undefined, json: object): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch.match(ENTITY_TAG)?.includes(entityTagOf(json))) return;
  throw new Problem(
    'precondition-failed',
    'The resource has changed since the client read it. Read it again, and repeat the change with the new ETag.',
  );
}
