/**
 * The operators of a filter. The negated ones are comparisons of their own: `price != 5` holds if some line has another
 * price, and `NOT price = 5` if no line has this price.
 */
export const OPERATORS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'IN',
  'NOT IN',
  'BETWEEN',
  'NOT BETWEEN',
  'STARTS_WITH',
  'NOT STARTS_WITH',
  'CONTAINS',
  'NOT CONTAINS',
  'IS NULL',
  'IS NOT NULL',
] as const;

export type Operator = (typeof OPERATORS)[number];

/** A comparison of one field. */
export interface Comparison {
  kind: 'comparison';
  field: string;
  operator: Operator;
  /** The values in their canonical form: none for `IS NULL`, two for `BETWEEN`, at least one for `IN`, otherwise one. */
  values: string[];
}

/** What a search asks for, whether it came from `filter=` or from single query parameters. */
export type Expression =
  Comparison | { kind: 'not'; term: Expression } | { kind: 'and' | 'or'; terms: readonly Expression[] };

/** Combines expressions with AND; null if there are none. */
export function allOf(terms: readonly Expression[]): Expression | null {
  if (terms.length > 1) return { kind: 'and', terms };
  return terms[0] ?? null;
}

/** Combines expressions with OR; null if there are none. */
export function anyOf(terms: readonly Expression[]): Expression | null {
  if (terms.length > 1) return { kind: 'or', terms };
  return terms[0] ?? null;
}
