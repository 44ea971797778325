import { joinSql, sql, type Sql } from '@shop/prisma/sql';
import { contains } from './contains';
import type { Comparison, Expression, Operator } from './expression';
import type { FieldType } from './field-type';
import type { Searchable } from './searchable';

export interface FilterContext extends Pick<Searchable, 'fields'> {
  /** Whether the condition is checked for one row after the other, in the sequence of an index. */
  rowByRow: boolean;
}

/**
 * Compiles an expression to the condition of a statement.
 *
 * A comparison holds if some value of the field satisfies it. It does not hold for a field without a value, whatever the
 * operator is, except `IS NULL`. NOT negates: `NOT customer_id = …` holds for an order without a customer.
 */
export function compileFilter(expression: Expression, context: FilterContext): Sql {
  if (expression.kind === 'comparison') return compileComparison(expression, context);
  if (expression.kind === 'not') {
    const term = compileFilter(expression.term, context);
    // In SQL, a comparison with null is null, and so is its negation. AND and OR make of null what they make of false,
    // unless a result without null decides, so it is enough to convert null to false before a negation.
    return isNeverNull(expression.term, context.fields) ? sql`NOT (${term})` : sql`(${term}) IS NOT TRUE`;
  }
  const terms = expression.terms.map((term) => sql`(${compileFilter(term, context)})`);
  return joinSql(terms, expression.kind === 'and' ? ' AND ' : ' OR ');
}

/** Whether the condition is never null. The planner can use an anti-join for `NOT EXISTS`, and none for `IS NOT TRUE`. */
function isNeverNull(expression: Expression, fields: Searchable['fields']): boolean {
  if (expression.kind === 'not') return true;
  if (expression.kind !== 'comparison') return expression.terms.every((term) => isNeverNull(term, fields));
  const field = fields[expression.field]!;
  return field.among !== undefined || !field.nullable;
}

function compileComparison({ field, operator, values }: Comparison, { fields, rowByRow }: FilterContext): Sql {
  const { column, type, among } = fields[field]!;
  if (!among) return CONDITIONS[operator](column, type, values);
  const hasNone = operator === 'IS NULL';
  const condition = CONDITIONS[hasNone ? 'IS NOT NULL' : operator](column, type, values);
  // With OFFSET, the planner does not convert the subquery to a join, which would read the lines of all orders.
  return sql`${hasNone ? sql`NOT ` : sql``}EXISTS (${among(condition)}${rowByRow ? sql` OFFSET 0` : sql``})`;
}

type Condition = (column: Sql, type: FieldType, values: string[]) => Sql;

const equality =
  (symbol: Sql): Condition =>
  (column, type, [value = '']) =>
    sql`${column} ${symbol} ${valueOf(type, value)}`;

const order =
  (symbol: Sql): Condition =>
  (column, type, [value = '']) =>
    sql`${ordered(column, type)} ${symbol} ${valueOf(type, value)}`;

const range =
  (symbol: Sql): Condition =>
  (column, type, [low = '', high = '']) =>
    sql`${ordered(column, type)} ${symbol} ${valueOf(type, low)} AND ${valueOf(type, high)}`;

/** Orders text by code points, so that the result does not depend on the collation of the database. */
const ordered = (column: Sql, type: FieldType): Sql => (type.sql === 'text' ? sql`${column} COLLATE "C"` : column);

const CONDITIONS: Readonly<Record<Operator, Condition>> = {
  '=': equality(sql`=`),
  '!=': equality(sql`<>`),
  '<': order(sql`<`),
  '<=': order(sql`<=`),
  '>': order(sql`>`),
  '>=': order(sql`>=`),
  IN: (column, type, values) => sql`${column} = ANY (${arrayOf(type, values)})`,
  'NOT IN': (column, type, values) => sql`${column} <> ALL (${arrayOf(type, values)})`,
  BETWEEN: range(sql`BETWEEN`),
  'NOT BETWEEN': range(sql`NOT BETWEEN`),
  STARTS_WITH: (column, type, [prefix = '']) => startsWith(ordered(column, type), prefix),
  'NOT STARTS_WITH': (column, type, [prefix = '']) => sql`NOT (${startsWith(ordered(column, type), prefix)})`,
  CONTAINS: (column, _type, [part = '']) => contains(column, part),
  'NOT CONTAINS': (column, _type, [part = '']) => sql`NOT (${contains(column, part)})`,
  'IS NULL': (column) => sql`${column} IS NULL`,
  'IS NOT NULL': (column) => sql`${column} IS NOT NULL`,
};

/** Passes a value as a parameter of its type. */
export function valueOf({ sql: type }: FieldType, value: string): Sql {
  return sql`${value}::${TYPES[type]}`;
}

/** Passes a list as one parameter: a statement has one text for every length. */
const arrayOf = ({ sql: type }: FieldType, values: string[]): Sql => sql`${values}::${TYPES[type]}[]`;

const TYPES: Record<FieldType['sql'], Sql> = {
  uuid: sql`uuid`,
  text: sql`text`,
  numeric: sql`numeric`,
  timestamp: sql`timestamp`, // PostgreSQL ignores the Z at the end of a value; the column is in UTC
};

/** Compares with a range, for which an index can be used on every version of PostgreSQL. */
function startsWith(column: Sql, prefix: string): Sql {
  const end = firstTextAfter(prefix);
  const from = sql`${column} >= ${prefix}::text`;
  return end === null ? from : sql`${from} AND ${column} < ${end}::text`;
}

const LAST_CODE_POINT = 0x10ffff;
const SURROGATES = { first: 0xd800, last: 0xdfff };

/** The smallest text that is greater, by code points, than every text with the prefix; null if there is none. */
function firstTextAfter(prefix: string): string | null {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (codePoints.at(-1) === LAST_CODE_POINT) codePoints.pop();
  const last = codePoints.pop();
  if (last === undefined) return null;
  const next = last + 1 === SURROGATES.first ? SURROGATES.last + 1 : last + 1;
  return String.fromCodePoint(...codePoints, next);
}
