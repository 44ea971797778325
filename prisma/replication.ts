import { Pool } from 'pg';
import { connectionOf } from './connection';
import { parseWalPosition, type WalPosition } from './wal-position';

export interface ReplicationStatus {
  /** True for a secondary. False for a primary, and for a secondary after its promotion. */
  inRecovery: boolean;
  /** Whether the server receives the log of its primary over an open connection. */
  streaming: boolean;
  /** The end of the log that a secondary has replayed, or that a primary has flushed to disk. */
  position: WalPosition;
}

// A role without pg_read_all_stats sees the row of the WAL receiver, but null for its status.
const STATUS_QUERY = `
  SELECT pg_is_in_recovery() AS "inRecovery",
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END AS position,
    EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming') AS streaming`;

// The query takes about a millisecond. A server that does not answer it within a second counts as unavailable.
const TIMEOUT_MS = 1_000;

/** Reads the replication status of a server over a separate connection, which no other query can delay. */
export class ReplicationProbe {
  private readonly pool: Pool;
  private pending: Promise<ReplicationStatus> | null = null;

  /**
   * @param role the role that the server behind the URL must have
   * @param onConnectionLost called if the connection breaks between two queries, as it does when the server restarts
   */
  constructor(
    url: string,
    private readonly role: 'primary' | 'secondary',
    onConnectionLost: () => void = () => undefined,
  ) {
    const { schema: _, database: __, pooled, ...config } = connectionOf(url, 'replication probe');
    // Without the statement timeout, a shorter one that is the default of the database would apply.
    const statementTimeout = pooled ? {} : { statement_timeout: TIMEOUT_MS };
    const timeouts = { connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS, ...statementTimeout };
    this.pool = new Pool({ ...config, ...timeouts, max: 1, idleTimeoutMillis: 0 });
    this.pool.on('error', onConnectionLost);
    // The pool reports the errors of idle connections only. A connection in use fails its query as well.
    this.pool.on('connect', (connection) => connection.on('error', () => undefined));
  }

  /**
   * Reads the status. Concurrent calls share one query.
   *
   * @throws if the server is unavailable, or does not know its position yet
   */
  readStatus(): Promise<ReplicationStatus> {
    this.pending ??= this.queryStatus().finally(() => (this.pending = null));
    return this.pending;
  }

  /** Checks whether the server returns its status. */
  isAvailable(): Promise<boolean> {
    return this.readStatus().then(
      () => true,
      () => false,
    );
  }

  stop(): Promise<void> {
    return this.pool.end();
  }

  private async queryStatus(): Promise<ReplicationStatus> {
    const connection = await this.pool.connect();
    let reusable = false;
    try {
      const { rows } = await connection.query<Omit<ReplicationStatus, 'position'> & { position: string | null }>(
        STATUS_QUERY,
      );
      const [status] = rows;
      const position = parseWalPosition(status?.position ?? '');
      if (!status || position === null) throw new Error('The server does not report a log position.');
      // After a switch-over, an old connection may lead to a server that has changed its role. Only a new connection
      // then reaches the server that has the expected role.
      reusable = status.inRecovery === (this.role === 'secondary');
      return { ...status, position };
    } finally {
      connection.release(!reusable);
    }
  }
}
