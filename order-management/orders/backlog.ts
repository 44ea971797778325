import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import type { PaymentHandover } from '../saga/payment-handover';
import type { Acceptance } from './accept-order';
import { OrderStatus } from './order-status';

/** More orders wait to be settled than may wait: come again when some of them are. */
export class BacklogFullError extends Error {
  override name = 'BacklogFullError';
}

const LOOK_EVERY_MS = 500;
const OLD_AFTER_MS = 1_000;
const SETTLES_WITHIN_MS = 10_000;
const RUSH = { customers: 4, goesOnMs: 100, lastsMs: 5_000 };

/**
 * How many orders wait to be settled, as far as this instance knows: what it saw when it last looked, and what it has
 * accepted since. Whoever accepts more than can be settled makes all customers wait, and in the end sells nothing in time.
 *
 * Where nothing is settled at all, something is away: then orders are accepted however many wait, and settle after.
 */
export class Backlog {
  private counted = 0;
  private acceptedSince = 0;
  private underWay = 0;
  private rushBeganAt = -Infinity;
  private rushAt = -Infinity;
  private lookedAt = -Infinity;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly database: OrdersClient,
    /** How many orders may wait, over all instances; each exceeds it by what all accept between two looks. */
    private readonly limit: number,
    private readonly handover: Pick<PaymentHandover, 'hasSettledWithin'>,
  ) {}

  /** Has an order accepted, if there is room for it. @throws BacklogFullError where too many wait */
  async admit(accept: () => Promise<Acceptance>): Promise<Acceptance> {
    const ageMs = performance.now() - this.lookedAt;
    const looked = ageMs > LOOK_EVERY_MS ? this.look() : null;
    // An order is not held up to learn of others, unless it would be refused for what was so long ago.
    if (this.isFull && ageMs > OLD_AFTER_MS) await looked;
    if (this.isFull && this.handover.hasSettledWithin(SETTLES_WITHIN_MS)) {
      throw new BacklogFullError(
        `${this.limit} orders wait to be settled, which is as many as may. Try again shortly.`,
      );
    }
    this.underWay++;
    if (this.underWay >= RUSH.customers) this.noticeRush();
    try {
      const outcome = await accept();
      if (outcome.accepted) this.acceptedSince++;
      return outcome;
    } finally {
      this.underWay--;
    }
  }

  /** Whether customers come while several others wait for their 201. What goes on for long is no rush. */
  get isRush(): boolean {
    const now = performance.now();
    return now - this.rushAt <= RUSH.goesOnMs && now - this.rushBeganAt <= RUSH.lastsMs;
  }

  private noticeRush(): void {
    const now = performance.now();
    if (now - this.rushAt > RUSH.goesOnMs) this.rushBeganAt = now;
    this.rushAt = now;
  }

  private get isFull(): boolean {
    return this.counted + this.acceptedSince + this.underWay >= this.limit;
  }

  /** Never fails: where the database is away, accepting tells. */
  private look(): Promise<void> {
    this.looking ??= this.count()
      .catch(() => undefined)
      .finally(() => (this.looking = null));
    return this.looking;
  }

  /** Costs no more than the limit. Orders that the original left without stock are adopted in their own time. */
  private async count(): Promise<void> {
    const [lookedAt, before] = [performance.now(), this.acceptedSince];
    const rows = await this.database.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM (
        SELECT FROM orders WHERE order_status = ${literal(OrderStatus.placed)} AND stock_taken_at IS NOT NULL
        LIMIT ${this.limit}) unsettled`;
    this.counted = rows[0]?.count ?? 0;
    this.acceptedSince -= before; // they are in the count, or settled
    this.lookedAt = lookedAt;
  }
}
