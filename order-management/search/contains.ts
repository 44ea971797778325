import { sql, type Sql } from '@shop/prisma/sql';

/**
 * Compares a text with a part of it, in any case. The database collation folds the case of all letters; "C" folds only ASCII.
 *
 * Uses LIKE, for which the planner expects few matches. For another function it would expect a third of all rows.
 */
export function contains(text: Sql, part: string): Sql {
  const pattern = `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql`lower(${text} COLLATE "default") LIKE lower(${pattern}::text)`;
}
