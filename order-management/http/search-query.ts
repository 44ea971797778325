import type { Answer } from '@shop/runtime/operation';
import { pageLimit } from '@shop/runtime/page-limit';
import { pageLinks } from '@shop/runtime/page-links';
import type { ProblemCode } from '@shop/runtime/problem-catalogue';
import { Problem, retryLater } from '@shop/runtime/problem';
import { wholeNumber } from '@shop/runtime/whole-number';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Expression } from '../search/expression';
import { expressionOf, fieldParameters, type FieldParameter } from '../search/field-parameters';
import { FILTER_LIMITS } from '../search/parse-filter';
import { parseSearch, type Search } from '../search/search';
import { SearchError } from '../search/search-error';
import { SearchTooExpensiveError, TooManySearchesError, type FoundPage } from '../search/searches';
import type { Searchable } from '../search/searchable';
import { MAX_OFFSET, relatedPages } from './search-pages';

const once = { error: 'must not be repeated' };

/** The parameters of the page, which every search has. */
const pageQuery = z.object({
  filter: z
    .string(once)
    .optional()
    .meta({
      description:
        'An expression in the syntax of Temporal’s list filters, with at most ' +
        `${FILTER_LIMITS.maxLength.toLocaleString('en')} characters. It is combined with the other parameters by AND.`,
      examples: ["order_status = 'shipped' AND NOT price > 50"],
    }),
  sort: z
    .string(once)
    .optional()
    .meta({ description: 'The sort keys, separated by commas; a minus before a key sorts descending.' }),
  limit: pageLimit,
  offset: wholeNumber({
    min: 0,
    max: MAX_OFFSET,
    message: `must be a number from 0 to ${MAX_OFFSET}; use the cursor of the Link header for later pages`,
  })
    .optional()
    .meta({ description: 'How many items to skip. Cannot be combined with `cursor`.' }),
  cursor: z
    .string(once)
    .optional()
    .meta({ description: 'Continues at a place in the list. The header `Link` contains cursors.' }),
});

/** Makes the schema of the query parameters of a search. */
export const searchQuery = (searchable: Searchable) =>
  z.object({
    ...pageQuery.shape,
    ...Object.fromEntries(fieldParameters(searchable).map((parameter) => [parameter.name, valuesSchema(parameter)])),
  });

const valuesSchema = ({ field, type, operator }: FieldParameter) => {
  const value = z.string();
  return z
    .union([value, z.array(value).max(FILTER_LIMITS.maxValues)], {
      error: `may be repeated up to ${FILTER_LIMITS.maxValues} times`,
    })
    .transform((values, context) =>
      [values].flat().map((text) => {
        const canonical = type.read(text);
        if (canonical !== null) return canonical;
        context.addIssue({ code: 'custom', message: `must be ${type.expected}` });
        return z.NEVER;
      }),
    )
    .optional()
    .meta({
      description: `\`${field}\` ${operator} the value. ${operator === '!=' ? 'Repeated: none of the values.' : 'Repeated: any of the values.'}`,
    });
};

/**
 * Reads the search of a request whose query is valid.
 *
 * @param limits conditions that hold in addition to those of the request
 */
export function readSearch(
  query: Readonly<Record<string, unknown>>,
  searchable: Searchable,
  limits: readonly Expression[] = [],
): Search & { hasOffset: boolean } {
  const { filter, sort, cursor, limit, offset } = pageQuery.parse(query);
  if (cursor !== undefined && offset !== undefined) {
    throw new Problem('malformed-cursor', 'A page begins at an offset or at a cursor. Send only one of them.');
  }
  const conditions = fieldParameters(searchable).flatMap((parameter) => {
    const values = query[parameter.name] as string[] | undefined;
    return (values && expressionOf(parameter, values)) ?? [];
  });
  return {
    ...parseSearch(
      { conditions: [...limits, ...conditions], filter, sort, cursor, limit, offset: offset ?? 0 },
      searchable,
    ),
    hasOffset: offset !== undefined,
  };
}

/** The headers of a page. */
export const pageHeaders: NonNullable<Answer['headers']> = {
  'X-Total-Count': { description: 'How many items match, on all pages.', schema: z.int() },
  'X-Total-Count-Estimated': {
    description: '`true` if the count is an estimate, because counting exactly would take too long.',
    schema: z.literal('true'),
  },
  Link: {
    description: 'The URLs of the `next`, `prev` and `first` page (RFC 8288), relative to this one.',
    schema: z.string(),
  },
};

/** Sets the headers of a page. */
export function sendPageHeaders(
  request: Request,
  response: Response,
  { limit, offset, hasOffset }: Search & { hasOffset: boolean },
  found: FoundPage<unknown>,
): void {
  response.set('X-Total-Count', String(found.total.count));
  if (found.total.isEstimated) response.set('X-Total-Count-Estimated', 'true');
  const pages = relatedPages({ limit, offset: hasOffset ? offset : null }, found);
  response.set('Link', pageLinks(request.query, pages));
}

/** The problems of an operation that searches. */
export const searchProblems: ProblemCode[] = [
  'malformed-filter',
  'malformed-sort',
  'malformed-cursor',
  'search-too-expensive',
  'too-many-searches',
];

/** Converts the errors of searches to problems. */
export function searchProblem(error: unknown): Problem | undefined {
  if (error instanceof SearchError) {
    const { code, message, position } = error;
    return new Problem(code, message, { members: position === undefined ? {} : { position } });
  }
  if (error instanceof SearchTooExpensiveError) {
    return new Problem('search-too-expensive', `${error.message} Narrow the filter or use another sort.`);
  }
  if (error instanceof TooManySearchesError) return retryLater(error.message, 'too-many-searches');
  return undefined;
}
