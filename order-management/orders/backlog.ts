import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import type { Acceptance } from './accept-order';
import { OrderStatus } from './order-status';
import type { Settlements } from './settlements';

/** Too many orders wait to be settled: the limit is `MAX_UNSETTLED`. The client must retry later. */
export class BacklogFullError extends Error {
  override name = 'BacklogFullError';
}

const COUNT_EVERY_MS = 500;
/** An order is refused only by a count younger than this. If the count is older, the order waits for a new one. */
const COUNT_OUTDATED_AFTER_MS = 1_000;
/** If a payment has settled an order within this time, the backlog assumes that payments settle orders. */
const SETTLES_WITHIN_MS = 10_000;

/**
 * Limits how many orders wait to be settled. An instance that accepts more than can be settled makes all customers wait.
 *
 * The number of waiting orders is the last count plus the orders that this instance has accepted since. If payments settle
 * no orders, a dependency is unavailable. The limit then does not apply: every order is accepted, and is settled after the
 * outage.
 */
export class Backlog {
  private counted = 0;
  private acceptedSince = 0;
  private accepting = 0;
  private countedAtMs = -Infinity;
  private counting: Promise<void> | null = null;

  constructor(
    private readonly database: OrdersClient,
    /** Maximum number of waiting orders of all instances. Orders accepted between two counts may exceed it. */
    private readonly limit: number,
    private readonly settlements: Pick<Settlements, 'hasPaidWithin'>,
  ) {}

  /** Accepts an order unless the backlog is full. @throws {BacklogFullError} if too many orders wait */
  async admit(accept: () => Promise<Acceptance>): Promise<Acceptance> {
    const ageMs = performance.now() - this.countedAtMs;
    const counted = ageMs > COUNT_EVERY_MS ? this.refresh() : null;
    if (this.isFull && ageMs > COUNT_OUTDATED_AFTER_MS) await counted;
    if (this.isFull && this.settlements.hasPaidWithin(SETTLES_WITHIN_MS)) {
      throw new BacklogFullError(`${this.limit} orders wait to be settled, which is the limit.`);
    }
    this.accepting++;
    try {
      const outcome = await accept();
      if (outcome.accepted) this.acceptedSince++;
      return outcome;
    } finally {
      this.accepting--;
    }
  }

  private get isFull(): boolean {
    return this.counted + this.acceptedSince + this.accepting >= this.limit;
  }

  /** Starts a count unless one is in flight. Never fails: if the database is unavailable, accepting the order fails. */
  private refresh(): Promise<void> {
    this.counting ??= this.count()
      .catch(() => undefined)
      .finally(() => (this.counting = null));
    return this.counting;
  }

  /**
   * Counts the orders that wait, up to the limit. Excludes orders of the original for which no stock was taken: the
   * sweeper adopts them later.
   */
  private async count(): Promise<void> {
    const [countedAtMs, acceptedBefore] = [performance.now(), this.acceptedSince];
    const rows = await this.database.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM (
        SELECT FROM orders WHERE order_status = ${literal(OrderStatus.placed)} AND stock_taken_at IS NOT NULL
        LIMIT ${this.limit}) unsettled`;
    this.counted = rows[0]?.count ?? 0;
    this.acceptedSince -= acceptedBefore; // the count includes them, unless they are settled
    this.countedAtMs = countedAtMs;
  }
}
