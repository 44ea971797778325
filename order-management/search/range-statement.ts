import { joinSql, sql, unnamed, type Sql } from '@shop/prisma/sql';
import { compileFilter, valueOf } from './compile-filter';
import type { Expression } from './expression';
import type { Bound, Range } from './ranges';
import { isAggregate, type Searchable, type Walk } from './searchable';
import type { SortKey } from './sort';

/** The rows that match a filter. */
export interface Matches {
  searchable: Searchable;
  expression: Expression | null;
}

/** The parts of a search that are the same for all of its ranges. */
export interface RangeQuery extends Matches {
  keys: readonly SortKey[];
  /** Whether the rows are read against the direction of the sort. */
  backward: boolean;
  /** The ids of all matches if these are few, as an array of PostgreSQL. They are sorted; no index is read in its sequence. */
  ids: string | null;
}

interface Page {
  limit: number;
  offset: number;
}

/** A sort key in a statement. */
interface Column {
  key: SortKey;
  bound: Bound;
  value: Sql;
}

/** Makes the statement that reads the rows of a range: the id of each, and its position in the sort. */
export function rangeStatement(query: RangeQuery, range: Range, page: Page): Sql {
  const walk = walkOf(query, range);
  const columns = query.keys.map((key, index): Column => {
    const { field, descending } = key;
    const value = isAggregate(field) ? field.value(descending) : field.column;
    return { key, bound: range[index]!, value };
  });
  if (!walk) return select(query, { from: sourceOf(query), where: [], columns, page });
  const [first, ...others] = columns;
  const id = { ...others.pop()!, value: walk.id };
  const walked = { ...first!, value: walk.value };
  others.push(id);
  if (!walk.groups) {
    return select(query, { from: walk.from, where: [walk.where], columns: [walked, ...others], page });
  }
  return selectGroups(query, { walk, groups: walk.groups, first: walked, others, page });
}

/** The walk of the first key, if the range contains the rows that have a value. */
function walkOf({ keys, ids }: RangeQuery, range: Range): Walk | null {
  const [first] = keys;
  const hasWalk = first !== undefined && isAggregate(first.field) && range[0] !== 'missing' && ids === null;
  return hasWalk && isAggregate(first.field) ? first.field.walk(first.descending) : null;
}

/** OFFSET 0 separates the matches from their sort. The planner would otherwise read all rows in the sequence of the sort. */
const sourceOf = ({ searchable, ids }: RangeQuery): Sql =>
  ids === null
    ? searchable.from
    : sql`(SELECT * FROM ${searchable.from} WHERE ${idOf(searchable)} = ANY (${ids}::uuid[]) OFFSET 0) ${searchable.from}`;

function select(
  query: RangeQuery,
  { from, where, columns, page }: { from: Sql; where: Sql[]; columns: Column[]; page: Page },
): Sql {
  return sql`${unnamed} SELECT ${columns.at(-1)!.value}::text AS id, ${positionOf(columns)} AS position
    FROM ${from} WHERE ${allOf([...rangeConditions(query), ...where, ...boundsOf(query, columns)])}
    ORDER BY ${sequenceOf(query, columns)} LIMIT ${page.limit}::int OFFSET ${page.offset}::int`;
}

/** Reads from each group only the first rows: a group can have any number of rows. */
function selectGroups(
  query: RangeQuery,
  { walk, groups, first, others, page }: { walk: Walk; groups: Sql; first: Column; others: Column[]; page: Page },
): Sql {
  const names = [sql`key_1`, sql`key_2`, sql`key_3`, sql`key_4`, sql`key_5`, sql`key_6`];
  const named = others.map((column, index) => sql`${column.value} AS ${names[index]!}`);
  const outer = [first, ...others.map((column, index) => ({ ...column, value: sql`member.${names[index]!}` }))];
  return sql`${unnamed} SELECT ${outer.at(-1)!.value}::text AS id, ${positionOf(outer)} AS position
    FROM ${groups} CROSS JOIN LATERAL (
      SELECT ${joinSql(named, ', ')} FROM ${walk.from}
      WHERE ${allOf([...rangeConditions(query), walk.where, ...boundsOf(query, others)])}
      ORDER BY ${sequenceOf(query, others)} LIMIT ${page.limit + page.offset}::int) member
    WHERE ${allOf([sql`true`, ...boundsOf(query, [first])])}
    ORDER BY ${sequenceOf(query, outer)} LIMIT ${page.limit}::int OFFSET ${page.offset}::int`;
}

/** Makes the statement that counts rows that match, up to a limit, and reads their ids. */
export const matchesStatement = (matches: Matches, limit: number): Sql =>
  sql`${unnamed} SELECT count(*)::int AS count, array_agg(id)::text AS ids
    FROM (SELECT ${idOf(matches.searchable)} AS id ${matching(matches)} LIMIT ${limit}::int) matched`;

/** Makes the statement that counts the rows that match, up to a limit. */
export const countStatement = (matches: Matches, limit: number): Sql =>
  sql`${unnamed} SELECT count(*)::int AS count FROM (SELECT ${matching(matches)} LIMIT ${limit}::int) counted`;

/** Makes the statement whose plan contains an estimate of the number of rows that match. */
export const estimateStatement = (matches: Matches): Sql =>
  sql`${unnamed} EXPLAIN (FORMAT JSON) SELECT ${matching(matches)}`;

const matching = (matches: Matches): Sql =>
  sql`FROM ${matches.searchable.from} WHERE ${allOf(conditionsOf(matches, false))}`;

const idOf = ({ fields, id }: Searchable): Sql => fields[id]!.column;

const conditionsOf = ({ searchable: { where, fields }, expression }: Matches, rowByRow: boolean): Sql[] => {
  if (expression === null) return [where];
  const isLong = countComparisons(expression) > MAX_JOINED_COMPARISONS;
  return [where, sql`(${compileFilter(expression, { fields, rowByRow: rowByRow || isLong })})`];
};

/** Up to this number of comparisons, the planner tries joins. Its time grows faster than the number: 50 take a second. */
const MAX_JOINED_COMPARISONS = 10;

const countComparisons = (expression: Expression): number => {
  if (expression.kind === 'comparison') return 1;
  if (expression.kind === 'not') return countComparisons(expression.term);
  return expression.terms.reduce((sum, term) => sum + countComparisons(term), 0);
};

/** The conditions of the rows of a range. Matches whose ids are known were checked before. */
const rangeConditions = (query: RangeQuery): Sql[] =>
  query.ids === null ? conditionsOf(query, true) : [query.searchable.where];

const allOf = (conditions: Sql[]): Sql => joinSql(conditions, ' AND ');

const positionOf = (columns: Column[]): Sql =>
  sql`json_build_array(${joinSql(
    columns.map(({ value }) => sql`(${value})::text`),
    ', ',
  )})`;

/** Whether larger values are read first. */
const readsDescending = ({ backward }: RangeQuery, { descending }: SortKey): boolean => descending !== backward;

const boundsOf = (query: RangeQuery, columns: Column[]): Sql[] =>
  columns.flatMap(({ key, bound, value }) => {
    const { field } = key;
    if (bound === 'any') return [];
    if (bound === 'present') return [sql`${value} IS NOT NULL`];
    if (bound === 'missing') return [isAggregate(field) ? field.missing : sql`${value} IS NULL`];
    if ('equal' in bound) return [sql`${value} = ${valueOf(field.type, bound.equal)}`];
    return [sql`${value} ${readsDescending(query, key) ? sql`<` : sql`>`} ${valueOf(field.type, bound.beyond)}`];
  });

/** What a range is sorted by. */
function sequenceOf(query: RangeQuery, columns: Column[]): Sql {
  const sequence = columns.flatMap(({ key, bound, value }) => {
    if (bound === 'missing') return []; // the same for all rows of the range
    const direction = readsDescending(query, key) ? sql`DESC` : sql`ASC`;
    // An index provides the default place of nulls. Only a range of all rows contains both values and nulls.
    const isMixed = bound === 'any' && (isAggregate(key.field) || key.field.nullable);
    if (!isMixed) return [sql`${value} ${direction}`];
    return [sql`${value} ${direction} ${query.backward ? sql`NULLS FIRST` : sql`NULLS LAST`}`];
  });
  return joinSql(sequence, ', ');
}
