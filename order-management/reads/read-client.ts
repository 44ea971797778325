import { setTimeout as delay } from 'node:timers/promises';
import type { OrdersClient } from '@shop/prisma/clients';
import type { ReplicationProbe } from '@shop/prisma/replication';
import type { WalPosition } from '@shop/prisma/wal-position';
import type { Logger } from '@shop/runtime/log';
import { readsAnswered } from '@shop/runtime/metrics';
import { PrimaryLog } from './primary-log';
import { Secondary, type SecondaryState } from './secondary';

export interface ReadOptions {
  /** Asks the primary where it stands. */
  primary: Pick<ReplicationProbe, 'ask'>;
  /** In order of preference. */
  secondaryUrls: string[];
  /** Connections held at most to each secondary. */
  poolSize: number;
  /** How far behind the primary a secondary may be and still be read. */
  maxLagMs: number;
  /** How long a read waits for a secondary to have replayed what it must show. */
  waitMs: number;
  log: Logger;
}

/** Where a read is answered. */
interface Source {
  name: string;
  run<T>(query: (database: OrdersClient) => Promise<T>): Promise<T>;
}

// Bounds for how long one is still read that has just fallen behind, and how long one that is well again is not: what
// was written a moment ago is asked for when it is needed.
const LOOK_EVERY_MS = 250;
const LOOK_AGAIN_MS = 5;

/**
 * Reads that decide nothing, from the first secondary that is well, else from the primary. Whoever decides something by
 * what he reads reads the primary.
 */
export class ReadClient {
  readonly name = 'reads';
  private readonly primary: Source;
  private readonly primaryLog = new PrimaryLog();
  private readonly primaryProbe: ReadOptions['primary'] | null = null;
  private primaryAnswers = true;
  private readonly secondaries: Secondary[] = [];
  /** How far behind the primary a secondary may be and still be read. */
  readonly maxLagMs: number = 0;
  private readonly waitMs: number = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param options of the secondaries; without, the primary answers all reads */
  constructor(
    private readonly database: OrdersClient,
    options?: ReadOptions,
  ) {
    this.primary = { name: 'primary', run: (query) => query(database) };
    if (!options || options.secondaryUrls.length === 0) return;
    this.primaryProbe = options.primary;
    this.secondaries = options.secondaryUrls.map((url) => new Secondary(url, this.primaryLog, options));
    this.maxLagMs = options.maxLagMs;
    this.waitMs = options.waitMs;
  }

  /** Begins to look after the secondaries, none of which is read before. */
  start(): void {
    if (!this.primaryProbe) return;
    this.lookAtAll();
    this.timer = setInterval(() => this.lookAtAll(), LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.secondaries.map((secondary) => secondary.stop()));
  }

  /** How each secondary is, and whether it is read: the preferred first. */
  get secondaryStates(): { name: string; state: SecondaryState; usable: boolean; lagMs: number | null }[] {
    return this.secondaries.map((secondary) => {
      const { name, state, lagMs } = secondary;
      return { name, state, usable: this.isUsable(secondary), lagMs };
    });
  }

  /**
   * Runs a query where it is best run; again elsewhere where a server fails, so it must change nothing.
   *
   * @param after a position that the answer must not be older than; the primary's is never
   * @throws what the primary says, where no secondary could answer
   */
  async read<T>(query: (database: OrdersClient) => Promise<T>, after: WalPosition | null = null): Promise<T> {
    let failure: unknown;
    for (const source of await this.sourcesFor(after)) {
      try {
        const answer = await source.run(query);
        readsAnswered.inc({ from: source.name });
        return answer;
      } catch (error) {
        // Whatever a server fails with, be it that a secondary had to cancel the query for what the primary changed, the
        // next is asked; a query that fails by its own fault does so everywhere.
        if (source === this.primary) failure = error;
      }
    }
    throw failure;
  }

  /** A position not before that of anything committed by now, as text; null where there is no secondary to tell it. */
  async position(): Promise<string | null> {
    if (this.secondaries.length === 0) return null;
    const rows = await this.database.$queryRaw<{ position: string }[]>`
      SELECT pg_current_wal_insert_lsn()::text AS position`;
    return rows[0]?.position ?? null;
  }

  /** A primary that is away sends nothing, and loses nothing more: being cut off is no fault then. */
  private isUsable({ state }: Secondary): boolean {
    return state === 'streaming' || (state === 'cut off' && !this.primaryAnswers);
  }

  private async sourcesFor(after: WalPosition | null): Promise<Source[]> {
    if (this.secondaries.length === 0) return [this.primary];
    if (after !== null) await this.untilReplayed(after);
    const fit = this.secondaries.filter((secondary) => after === null || secondary.hasReplayed(after));
    const usable = fit.filter((secondary) => this.isUsable(secondary));
    // Where the primary turns out to be away before we have noticed.
    const lastResort = fit.filter((secondary) => secondary.state === 'cut off' && !usable.includes(secondary));
    return [...usable, this.primary, ...lastResort];
  }

  /** Waits a moment for any secondary to have replayed up to a position. */
  private async untilReplayed(position: WalPosition): Promise<void> {
    const usable = this.secondaries.filter((secondary) => this.isUsable(secondary));
    const isDone = () => usable.length === 0 || usable.some((secondary) => secondary.hasReplayed(position));
    for (const end = performance.now() + this.waitMs; !isDone(); await delay(LOOK_AGAIN_MS)) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) return;
      await Promise.race([delay(leftMs), ...usable.map((secondary) => secondary.look())]);
      if (isDone()) return;
    }
  }

  private lookAtAll(): void {
    void this.lookAtPrimary();
    for (const secondary of this.secondaries) void secondary.look();
  }

  private async lookAtPrimary(): Promise<void> {
    try {
      const standing = await this.primaryProbe?.ask();
      if (standing) this.primaryLog.note(standing.position, performance.now());
      this.primaryAnswers = true;
    } catch {
      this.primaryAnswers = false;
    }
  }
}
