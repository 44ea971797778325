import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import type { Acceptance } from './accept-order';
import { OrderStatus } from './order-status';
import type { Settlements } from './settlements';

/** More orders wait to be settled than `MAX_UNSETTLED`. The client retries later. */
export class BacklogFullError extends Error {
  override name = 'BacklogFullError';
}

const COUNT_EVERY_MS = 500;
/** An order is not refused for a count older than this: it waits for a new one. */
const COUNT_OUTDATED_AFTER_MS = 1_000;
/** Payments settle orders if one did so within this time. */
const SETTLES_WITHIN_MS = 10_000;

/**
 * Limits how many orders wait to be settled. An instance that accepts more than can be settled makes all customers wait.
 *
 * The number is the last count plus what this instance has accepted since. If payments settle no orders at all, a
 * dependency is unavailable: then orders are accepted however many wait, and settle after the outage.
 */
export class Backlog {
  private counted = 0;
  private acceptedSince = 0;
  private accepting = 0;
  private countedAtMs = -Infinity;
  private counting: Promise<void> | null = null;

  constructor(
    private readonly database: OrdersClient,
    /** Orders that may wait, over all instances. Each instance may exceed it by what all accept between two counts. */
    private readonly limit: number,
    private readonly settlements: Pick<Settlements, 'hasPaidWithin'>,
  ) {}

  /** Accepts an order if there is room for it. @throws {BacklogFullError} if too many orders wait */
  async admit(accept: () => Promise<Acceptance>): Promise<Acceptance> {
    const ageMs = performance.now() - this.countedAtMs;
    const counted = ageMs > COUNT_EVERY_MS ? this.refresh() : null;
    if (this.isFull && ageMs > COUNT_OUTDATED_AFTER_MS) await counted;
    if (this.isFull && this.settlements.hasPaidWithin(SETTLES_WITHIN_MS)) {
      throw new BacklogFullError(`${this.limit} orders wait to be settled, which is the limit. Try again shortly.`);
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

  /** Counts anew. Never fails: if the database is unavailable, accepting the order reports it. */
  private refresh(): Promise<void> {
    this.counting ??= this.count()
      .catch(() => undefined)
      .finally(() => (this.counting = null));
    return this.counting;
  }

  /** Counts at most up to the limit. Leaves out orders of the original without stock, which the sweeper adopts later. */
  private async count(): Promise<void> {
    const [countedAtMs, before] = [performance.now(), this.acceptedSince];
    const rows = await this.database.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM (
        SELECT FROM orders WHERE order_status = ${literal(OrderStatus.placed)} AND stock_taken_at IS NOT NULL
        LIMIT ${this.limit}) unsettled`;
    this.counted = rows[0]?.count ?? 0;
    this.acceptedSince -= before; // they are part of the count, or settled
    this.countedAtMs = countedAtMs;
  }
}
