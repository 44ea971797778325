import pLimit from 'p-limit';
import { isTimeout } from '../search/search-settings';
import { STATISTICS_WINDOWS, type OrderStatistics, type StatisticsWindow } from './order-statistics';

const WINDOWS = Object.keys(STATISTICS_WINDOWS).length;
/** The part of the time in which PostgreSQL counts, whatever readers do. */
const BUSY_PART = 0.05;
/** Ratio of the cache lifetime of a count to its duration. */
const CACHE_FACTOR = WINDOWS / BUSY_PART;
const MIN_CACHE_MS = 5_000;

interface CacheEntry {
  outcome: Promise<OrderStatistics>;
  expiresAtMs: number;
}

/** Caches one count per window; see docs/decisions/0062-statistics-of-all-orders.md. */
export class StatisticsCache {
  private readonly entries = new Map<StatisticsWindow, CacheEntry>();
  private readonly limit = pLimit(1);

  /** @param now the time in milliseconds */
  constructor(
    private readonly count: (window: StatisticsWindow) => Promise<OrderStatistics>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Returns the count that is cached or in flight, or else counts. @throws what the count throws */
  read(window: StatisticsWindow): Promise<OrderStatistics> {
    const last = this.entries.get(window);
    if (last && this.now() < last.expiresAtMs) return last.outcome;
    const entry: CacheEntry = {
      outcome: this.limit(() => this.countAndSetExpiry(entry, window)),
      expiresAtMs: Infinity,
    };
    this.entries.set(window, entry);
    return entry.outcome;
  }

  private async countAndSetExpiry(entry: CacheEntry, window: StatisticsWindow): Promise<OrderStatistics> {
    const beganAtMs = this.now();
    let isExpensive = true;
    try {
      return await this.count(window);
    } catch (error) {
      isExpensive = isTimeout(error); // otherwise it is an outage, which may end soon
      throw error;
    } finally {
      const endedAtMs = this.now();
      const costMs = isExpensive ? endedAtMs - beganAtMs : 0;
      entry.expiresAtMs = endedAtMs + Math.max(MIN_CACHE_MS, CACHE_FACTOR * costMs);
    }
  }
}
