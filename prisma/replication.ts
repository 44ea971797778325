import { Pool } from 'pg';
import { connectionOf } from './connection';
import { parseWalPosition, type WalPosition } from './wal-position';

/** Where a PostgreSQL server stands. */
export interface Standing {
  /** Whether it follows another; one that was promoted does no more. */
  inRecovery: boolean;
  /** Whether the one that it follows sends it what happens there. */
  streaming: boolean;
  /** What it has replayed, or, where it follows nobody, what it can have sent. */
  position: WalPosition;
}

// The status is hidden from who may not see statistics, to whom it is well while there is a receiver.
const STANDING = `
  SELECT pg_is_in_recovery() AS "inRecovery",
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END AS position,
    EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming') AS streaming`;

// A server of the same shop that takes longer than this for a question about itself is away.
const ANSWER_WITHIN_MS = 1_000;

/** Asks a server where it stands, over a connection of its own, which no load can keep waiting. */
export class ReplicationProbe {
  private readonly pool: Pool;
  private asking: Promise<Standing> | null = null;

  /**
   * @param role what the server is there for
   * @param onLost hears that the connection broke while nothing was asked, as it does where the server starts anew
   */
  constructor(
    url: string,
    private readonly role: 'primary' | 'secondary',
    onLost: () => void = () => undefined,
  ) {
    const { schema: _, database: __, ...config } = connectionOf(url);
    const limits = { connectionTimeoutMillis: ANSWER_WITHIN_MS, query_timeout: ANSWER_WITHIN_MS };
    this.pool = new Pool({ ...config, ...limits, max: 1, idleTimeoutMillis: 0 });
    this.pool.on('error', onLost);
    this.pool.on('connect', (connection) => connection.on('error', () => undefined)); // a question under way fails with it
  }

  /** Those who ask at the same time share the answer. @throws where the server is away, or cannot say yet */
  ask(): Promise<Standing> {
    this.asking ??= this.question().finally(() => (this.asking = null));
    return this.asking;
  }

  /** Whether it can say where it stands. */
  answers(): Promise<boolean> {
    return this.ask().then(
      () => true,
      () => false,
    );
  }

  stop(): Promise<void> {
    return this.pool.end();
  }

  private async question(): Promise<Standing> {
    const connection = await this.pool.connect();
    let keep = false;
    try {
      const { rows } = await connection.query<Omit<Standing, 'position'> & { position: string | null }>(STANDING);
      const [standing] = rows;
      const position = parseWalPosition(standing?.position ?? '');
      if (!standing || position === null) throw new Error('The server does not say where it stands.');
      // After a switch-over the old connection leads to a server of the other role, and only a new one to the right server.
      keep = standing.inRecovery === (this.role === 'secondary');
      return { ...standing, position };
    } finally {
      connection.release(!keep);
    }
  }
}
