import type { OrdersClient } from '@shop/prisma/clients';
import { countStatement, estimateStatement, type RangeQuery } from './range-statement';
import { isTimeout, limitSearch } from './search-settings';

/** How many rows match a search. */
export interface Count {
  count: number;
  isEstimated: boolean;
}

/** Rows are counted up to this number and for this time. Beyond, the planner's estimate is used. */
export const COUNT_LIMITS = { maxRows: 10_000, timeoutMs: 100 } as const;

type Matches = Pick<RangeQuery, 'searchable' | 'condition'>;

/** Counts the rows that match a search, at a bounded cost. */
export async function countMatches(database: OrdersClient, matches: Matches): Promise<Count> {
  const count = await countUpTo(database, matches, COUNT_LIMITS.maxRows + 1);
  if (count !== null && count <= COUNT_LIMITS.maxRows) return { count, isEstimated: false };
  const [plan] = await database.$queryRaw<[Plan]>(estimateStatement(matches));
  return { count: Math.max(plan['QUERY PLAN'][0].Plan['Plan Rows'], count ?? 0), isEstimated: true };
}

interface Plan {
  'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }];
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
