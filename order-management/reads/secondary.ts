import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { ReplicationProbe, type ReplicationStatus } from '@shop/prisma/replication';
import type { WalPosition } from '@shop/prisma/wal-position';
import type { Logger } from '@shop/runtime/log';
import { observePool } from '@shop/runtime/pool-metrics';
import type { PrimaryLog } from './primary-log';

/**
 * - `streaming`: healthy
 * - `disconnected`: answers queries, but receives nothing from the primary
 * - `lagging`: further behind the primary than `maxLagMs`
 * - `promoted`: no longer a secondary
 * - `unavailable`: does not answer
 */
export type SecondaryState = 'streaming' | 'disconnected' | 'lagging' | 'promoted' | 'unavailable';

const CONNECT_TIMEOUT_MS = 2_000;

/** A secondary of the orders database: its client, and its state as of the last refresh. */
export class Secondary {
  /** `host:port` */
  readonly name: string;
  private readonly database: OrdersClient;
  private readonly probe: ReplicationProbe;
  private status: ReplicationStatus | null = null;
  private replayed: WalPosition | null = null;
  private loggedState: SecondaryState = 'unavailable';
  /** For each query in flight, the function that rejects it. */
  private readonly inFlight = new Set<(reason: Error) => void>();

  constructor(
    url: string,
    private readonly primaryLog: PrimaryLog,
    private readonly options: { poolSize: number; maxLagMs: number; log: Logger },
  ) {
    const { hostname, port } = new URL(url);
    this.name = `${hostname}:${port || 5432}`;
    this.database = connectOrders(url, {
      poolSize: options.poolSize,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onOpen: observePool(this.name),
    });
    this.probe = new ReplicationProbe(url, 'secondary', () => this.resetStatus());
  }

  get state(): SecondaryState {
    if (!this.status) return 'unavailable';
    if (!this.status.inRecovery) return 'promoted';
    if (this.lagMs! > this.options.maxLagMs) return 'lagging';
    return this.status.streaming ? 'streaming' : 'disconnected';
  }

  /** The lag behind the primary as of the last refresh. Null before the first one; Infinity if the lag is unknown. */
  get lagMs(): number | null {
    return this.replayed === null ? null : this.primaryLog.lagMs(this.replayed);
  }

  hasReplayed(position: WalPosition): boolean {
    return this.replayed !== null && this.replayed >= position;
  }

  /** Reads the status of the secondary. If it is unavailable, rejects the queries in flight. */
  async refresh(): Promise<void> {
    try {
      this.status = await this.probe.readStatus();
      this.replayed = this.status.position;
    } catch (error) {
      this.status = null;
      const reason = new Error(`The secondary ${this.name} is unavailable.`, { cause: error });
      for (const reject of this.inFlight) reject(reason);
    }
    this.logStateChange();
  }

  /**
   * Runs a query on the secondary.
   *
   * @throws if the query fails, or as soon as a refresh finds the secondary unavailable; the query itself could take
   *   much longer to fail
   */
  async run<T>(query: (database: OrdersClient) => Promise<T>): Promise<T> {
    let rejectQuery!: (reason: Error) => void;
    const unavailable = new Promise<never>((_resolve, reject) => (rejectQuery = reject));
    this.inFlight.add(rejectQuery);
    try {
      return await Promise.race([query(this.database), unavailable]);
    } catch (error) {
      void this.refresh(); // before the next interval, so that fewer queries fail in the same way
      throw error;
    } finally {
      this.inFlight.delete(rejectQuery);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.probe.stop(), this.database.$disconnect()]);
  }

  /** Discards the status. A secondary that restarts after a crash may show less than it had replayed before. */
  private resetStatus(): void {
    this.status = null;
    this.replayed = null;
    this.logStateChange();
  }

  private logStateChange(): void {
    const { name, state } = this;
    if (state === this.loggedState) return;
    this.loggedState = state;
    this.options.log[state === 'streaming' ? 'info' : 'warn'](
      { secondary: name, state },
      'secondary changed its state',
    );
  }
}
