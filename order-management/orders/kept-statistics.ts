import pLimit from 'p-limit';
import { isTimeout } from '../search/search-settings';
import { STATISTICS_WINDOWS, type OrderStatistics, type StatisticsWindow } from './order-statistics';

const WINDOWS = Object.keys(STATISTICS_WINDOWS).length;
/** The part of the time in which PostgreSQL counts, whatever readers do. */
const BUSY_PART = 0.05;
/** How much longer than it took a count is kept. */
const KEPT_FOR = WINDOWS / BUSY_PART;
const KEPT_AT_LEAST_MS = 5_000;

interface Kept {
  outcome: Promise<OrderStatistics>;
  untilMs: number;
}

/**
 * Counts for all readers. One count runs at a time, and is kept for 80 times as long as it took, at least 5 seconds: the four
 * windows together use PostgreSQL for at most 5 % of the time. A count that fails by its time limit is kept as well,
 * because it is the most expensive one. Any other failure is kept for 5 seconds.
 */
export class KeptStatistics {
  private readonly kept = new Map<StatisticsWindow, Kept>();
  private readonly oneAtATime = pLimit(1);

  /** @param now the time in milliseconds */
  constructor(
    private readonly count: (window: StatisticsWindow) => Promise<OrderStatistics>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Returns the count that is kept or in flight, or else counts. @throws what the count throws */
  read(window: StatisticsWindow): Promise<OrderStatistics> {
    const last = this.kept.get(window);
    if (last && this.now() < last.untilMs) return last.outcome;
    const kept: Kept = { outcome: this.oneAtATime(() => this.countInto(kept, window)), untilMs: Infinity };
    this.kept.set(window, kept);
    return kept.outcome;
  }

  private async countInto(kept: Kept, window: StatisticsWindow): Promise<OrderStatistics> {
    const beganAtMs = this.now();
    let isExpensive = true;
    try {
      return await this.count(window);
    } catch (error) {
      isExpensive = isTimeout(error); // otherwise it is an outage, which may end soon
      throw error;
    } finally {
      const endedAtMs = this.now();
      const tookMs = isExpensive ? endedAtMs - beganAtMs : 0;
      kept.untilMs = endedAtMs + Math.max(KEPT_AT_LEAST_MS, KEPT_FOR * tookMs);
    }
  }
}
