import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { ReplicationProbe, type Standing } from '@shop/prisma/replication';
import type { WalPosition } from '@shop/prisma/wal-position';
import type { Logger } from '@shop/runtime/log';
import type { PrimaryLog } from './primary-log';

/**
 * How a secondary is: `streaming` is well; `cut off` could be read but gets nothing new; `lagging` is too far behind;
 * `promoted` follows nobody any more; `away` does not answer.
 */
export type SecondaryState = 'streaming' | 'cut off' | 'lagging' | 'promoted' | 'away';

const CONNECT_WITHIN_MS = 2_000;

/** One secondary: a client of its tables, and what is known of how it is. */
export class Secondary {
  /** Its host and port. */
  readonly name: string;
  private readonly database: OrdersClient;
  private readonly probe: ReplicationProbe;
  private standing: Standing | null = null;
  private replayed: WalPosition | null = null;
  private told: SecondaryState = 'away';
  /** What ends the reads under way here. */
  private readonly underWay = new Set<(reason: Error) => void>();

  constructor(
    url: string,
    private readonly primaryLog: PrimaryLog,
    private readonly options: { poolSize: number; maxLagMs: number; log: Logger },
  ) {
    const { hostname, port } = new URL(url);
    this.name = `${hostname}:${port || 5432}`;
    this.database = connectOrders(url, { poolSize: options.poolSize, connectTimeoutMs: CONNECT_WITHIN_MS });
    this.probe = new ReplicationProbe(url, 'secondary', () => this.forget());
  }

  get state(): SecondaryState {
    if (!this.standing) return 'away';
    if (!this.standing.inRecovery) return 'promoted';
    if (this.lagMs! > this.options.maxLagMs) return 'lagging';
    return this.standing.streaming ? 'streaming' : 'cut off';
  }

  /** How far behind the primary what it last told is; null where it never has, Infinity where nobody knows. */
  get lagMs(): number | null {
    return this.replayed === null ? null : this.primaryLog.lagMs(this.replayed);
  }

  hasReplayed(position: WalPosition): boolean {
    return this.replayed !== null && this.replayed >= position;
  }

  /** Asks it how it is; where it does not say, what is under way there is given up. */
  async look(): Promise<void> {
    try {
      this.standing = await this.probe.ask();
      this.replayed = this.standing.position;
    } catch (error) {
      this.standing = null;
      for (const giveUp of this.underWay) giveUp(new Error(`The secondary ${this.name} is away.`, { cause: error }));
    }
    this.tellChange();
  }

  /** Runs a query here. @throws also as soon as the secondary turns out to be away, however patient the query is */
  async run<T>(query: (database: OrdersClient) => Promise<T>): Promise<T> {
    let giveUp!: (reason: Error) => void;
    const lost = new Promise<never>((_resolve, reject) => (giveUp = reject));
    this.underWay.add(giveUp);
    try {
      return await Promise.race([query(this.database), lost]);
    } catch (error) {
      void this.look(); // or others would run into the same until the next look
      throw error;
    } finally {
      this.underWay.delete(giveUp);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.probe.stop(), this.database.$disconnect()]);
  }

  /** One that crashed and starts anew may for a while show less than it had replayed. */
  private forget(): void {
    this.standing = null;
    this.replayed = null;
    this.tellChange();
  }

  private tellChange(): void {
    const { name, state } = this;
    if (state === this.told) return;
    this.told = state;
    this.options.log[state === 'streaming' ? 'info' : 'warn']({ secondary: name, state }, 'secondary changed');
  }
}
