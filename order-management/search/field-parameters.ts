import { anyOf, type Expression, type Operator } from './expression';
import type { FieldType } from './field-type';
import type { Searchable } from './searchable';

/** A query parameter that filters by a field, such as `price[gte]`. */
export interface FieldParameter {
  name: string;
  field: string;
  type: FieldType;
  operator: Operator;
}

const RANGES: readonly [suffix: string, operator: Operator][] = [
  ['gt', '>'],
  ['gte', '>='],
  ['lt', '<'],
  ['lte', '<='],
];

/** Lists the parameters of each field: it equals, `[ne]` differs, and numbers and dates have ranges. */
export const fieldParameters = ({ fields }: Searchable): FieldParameter[] =>
  Object.entries(fields).flatMap(([field, { type }]) => [
    { name: field, field, type, operator: '=' as const },
    { name: `${field}[ne]`, field, type, operator: '!=' as const },
    ...(type.hasRanges ? RANGES : []).map(([suffix, operator]) => ({
      name: `${field}[${suffix}]`,
      field,
      type,
      operator,
    })),
  ]);

/** The expression of a parameter. Repeated, a parameter means OR, but a repeated `[ne]` excludes all of its values. */
export function expressionOf({ field, operator }: FieldParameter, values: readonly string[]): Expression | null {
  const compare = (symbol: Operator, compared: readonly string[]): Expression => ({
    kind: 'comparison',
    field,
    operator: symbol,
    values: [...compared],
  });
  if (values.length > 1 && operator === '=') return compare('IN', values);
  if (values.length > 1 && operator === '!=') return compare('NOT IN', values);
  return anyOf(values.map((value) => compare(operator, [value])));
}
