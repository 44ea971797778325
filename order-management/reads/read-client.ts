import { setTimeout as delay } from 'node:timers/promises';
import type { OrdersClient } from '@shop/prisma/clients';
import type { ReplicationProbe } from '@shop/prisma/replication';
import type { WalPosition } from '@shop/prisma/wal-position';
import type { Logger } from '@shop/runtime/log';
import { readsAnswered } from '@shop/runtime/metrics';
import { PrimaryLog } from './primary-log';
import { Secondary, type SecondaryState } from './secondary';

export interface ReadOptions {
  /** Reads the position of the primary. */
  primary: Pick<ReplicationProbe, 'readStatus'>;
  /** In order of preference. */
  secondaryUrls: string[];
  /** The maximum number of connections to each secondary. */
  poolSize: number;
  /** The lag up to which a secondary is used. */
  maxLagMs: number;
  /** How long a read waits for a secondary to reach the position of its consistency token. */
  waitMs: number;
  log: Logger;
}

/** A server that answers reads. */
interface Source {
  name: string;
  run<T>(query: (database: OrdersClient) => Promise<T>): Promise<T>;
}

// A secondary that fails may still be used for up to this time, and one that recovers may stay unused for as long. Reads
// with a consistency token do not wait for the next refresh: they refresh the secondaries themselves.
const REFRESH_INTERVAL_MS = 250;
const POLL_INTERVAL_MS = 5;

/**
 * Runs read-only queries on the first healthy secondary, or else on the primary.
 *
 * A secondary may show an old state. A read on which a write depends therefore uses the primary directly.
 */
export class ReadClient {
  readonly name = 'reads';
  private readonly primary: Source;
  private readonly primaryLog = new PrimaryLog();
  private readonly primaryProbe: ReadOptions['primary'] | null = null;
  private primaryAvailable = true;
  private readonly secondaries: Secondary[] = [];
  /** The lag up to which a secondary is used. */
  readonly maxLagMs: number = 0;
  private readonly waitMs: number = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param options without secondaries, the primary answers all reads */
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

  /** Starts to monitor the servers. A secondary is used after its first successful refresh. */
  start(): void {
    if (!this.primaryProbe) return;
    this.refreshAll();
    this.timer = setInterval(() => this.refreshAll(), REFRESH_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.secondaries.map((secondary) => secondary.stop()));
  }

  /** The state of each secondary and whether it is used, in order of preference. */
  get secondaryStates(): { name: string; state: SecondaryState; usable: boolean; lagMs: number | null }[] {
    return this.secondaries.map((secondary) => {
      const { name, state, lagMs } = secondary;
      return { name, state, usable: this.isUsable(secondary), lagMs };
    });
  }

  /**
   * Runs a query. If a secondary fails, the query runs again on the next server, so it must change nothing.
   *
   * @param after the answer shows everything up to this position; the primary's answers always do
   * @throws the primary's error, if no secondary answered
   */
  async read<T>(query: (database: OrdersClient) => Promise<T>, after: WalPosition | null = null): Promise<T> {
    let failure: unknown;
    for (const source of await this.sourcesFor(after)) {
      try {
        const answer = await source.run(query);
        readsAnswered.inc({ from: source.name });
        return answer;
      } catch (error) {
        // Any error of a secondary is retried elsewhere, for example a query canceled because it conflicts with replay.
        // A query that is wrong fails on the primary as well, and that error is thrown.
        if (source === this.primary) failure = error;
      }
    }
    throw failure;
  }

  /** Reads a position that covers everything committed so far. Returns null if no secondaries are configured. */
  async position(): Promise<string | null> {
    if (this.secondaries.length === 0) return null;
    const rows = await this.database.$queryRaw<{ position: string }[]>`
      SELECT pg_current_wal_insert_lsn()::text AS position`;
    return rows[0]?.position ?? null;
  }

  /** While the primary is unavailable, every secondary is disconnected, but misses no writes. */
  private isUsable({ state }: Secondary): boolean {
    return state === 'streaming' || (state === 'disconnected' && !this.primaryAvailable);
  }

  private async sourcesFor(after: WalPosition | null): Promise<Source[]> {
    if (this.secondaries.length === 0) return [this.primary];
    if (after !== null) await this.waitForReplay(after);
    const upToDate = this.secondaries.filter((secondary) => after === null || secondary.hasReplayed(after));
    const usable = upToDate.filter((secondary) => this.isUsable(secondary));
    // The primary may have failed since its last refresh. Its secondaries are then disconnected, and still answer.
    const lastResort = upToDate.filter(
      (secondary) => secondary.state === 'disconnected' && !usable.includes(secondary),
    );
    return [...usable, this.primary, ...lastResort];
  }

  /** Waits up to `waitMs` until a usable secondary has replayed the log up to a position. */
  private async waitForReplay(position: WalPosition): Promise<void> {
    const usable = this.secondaries.filter((secondary) => this.isUsable(secondary));
    const isDone = () => usable.length === 0 || usable.some((secondary) => secondary.hasReplayed(position));
    const deadline = performance.now() + this.waitMs;
    while (!isDone()) {
      const remainingMs = deadline - performance.now();
      if (remainingMs <= 0) return;
      await Promise.race([delay(remainingMs), ...usable.map((secondary) => secondary.refresh())]);
      if (!isDone()) await delay(POLL_INTERVAL_MS);
    }
  }

  private refreshAll(): void {
    void this.refreshPrimary();
    for (const secondary of this.secondaries) void secondary.refresh();
  }

  private async refreshPrimary(): Promise<void> {
    try {
      const status = await this.primaryProbe?.readStatus();
      if (status) this.primaryLog.record(status.position, performance.now());
      this.primaryAvailable = true;
    } catch {
      this.primaryAvailable = false;
    }
  }
}
