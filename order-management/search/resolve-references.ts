import type { OrdersPrisma } from '@shop/prisma/clients';
import { sql, unnamed } from '@shop/prisma/sql';
import { compileFilter } from './compile-filter';
import type { Comparison, Expression } from './expression';
import type { Searchable } from './searchable';

/** Up to this number of ids, a comparison is replaced. PostgreSQL looks up each id of a list separately. */
const MAX_IDS = 10;

/**
 * Replaces comparisons of fields of another table, such as the name of a product, by the ids of the rows that satisfy them
 * if these are few. The planner knows how many orders contain a product, but not how many contain a name.
 */
export async function resolveReferences(
  database: Pick<OrdersPrisma.TransactionClient, '$queryRaw'>,
  searchable: Searchable,
  expression: Expression,
): Promise<Expression> {
  if (expression.kind === 'comparison') return resolveComparison(database, searchable, expression);
  if (expression.kind === 'not') {
    return { kind: 'not', term: await resolveReferences(database, searchable, expression.term) };
  }
  const terms: Expression[] = [];
  for (const term of expression.terms) terms.push(await resolveReferences(database, searchable, term));
  return { kind: expression.kind, terms };
}

async function resolveComparison(
  database: Pick<OrdersPrisma.TransactionClient, '$queryRaw'>,
  { fields }: Searchable,
  comparison: Comparison,
): Promise<Comparison> {
  const { type, column, nullable, reference } = fields[comparison.field]!;
  if (!reference || comparison.operator === 'IS NULL') return comparison;
  const referenced = { fields: { [comparison.field]: { type, column, nullable } }, rowByRow: false };
  const rows = await database.$queryRaw<{ id: string }[]>(sql`${unnamed}
    SELECT ${reference.id}::text AS id FROM ${reference.from}
    WHERE ${compileFilter(comparison, referenced)} LIMIT ${MAX_IDS + 1}::int`);
  if (rows.length > MAX_IDS) return comparison;
  return { kind: 'comparison', field: reference.field, operator: 'IN', values: rows.map(({ id }) => id) };
}
