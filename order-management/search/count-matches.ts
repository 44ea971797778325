import type { OrdersClient } from '@shop/prisma/clients';
import { countStatement, estimateStatement, type Matches } from './range-statement';
import { isTimeout, limitSearch } from './search-settings';

/** How many rows match a search. */
export interface Count {
  count: number;
  isEstimated: boolean;
}

/**
 * The bounds of a count. Rows are counted up to `maxRows`, for up to `timeoutMs`, and not at all if the planner expects more
 * than `maxEstimate`: it is rarely wrong by a factor of ten.
 */
export const COUNT_LIMITS = { maxRows: 10_000, timeoutMs: 50, maxEstimate: 100_000 } as const;

/** Reads how many matches the planner expects. That takes about a millisecond. */
export async function estimateMatches(database: Pick<OrdersClient, '$queryRaw'>, matches: Matches): Promise<number> {
  const [plan] = await database.$queryRaw<[Plan]>(estimateStatement(matches));
  return plan['QUERY PLAN'][0].Plan['Plan Rows'];
}

interface Plan {
  'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }];
}

/** Counts the rows that match a search, at a bounded cost. */
export async function countMatches(database: OrdersClient, matches: Matches, estimate: number): Promise<Count> {
  const { maxRows, maxEstimate } = COUNT_LIMITS;
  const count = estimate > maxEstimate ? null : await countUpTo(database, matches, maxRows + 1);
  if (count !== null && count <= maxRows) return { count, isEstimated: false };
  return { count: Math.max(estimate, count ?? 0), isEstimated: true };
}

/** @returns null if counting takes too long */
async function countUpTo(database: OrdersClient, matches: Matches, limit: number): Promise<number | null> {
  try {
    const [, [counted]] = await database.$transaction([
      database.$executeRaw(limitSearch(COUNT_LIMITS.timeoutMs)),
      database.$queryRaw<[{ count: number }]>(countStatement(matches, limit)),
    ]);
    return counted.count;
  } catch (error) {
    if (isTimeout(error)) return null;
    throw error;
  }
}
