import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { copyAsSecondary, createSlot, slotOf, streamingSettings } from '@shop/dev/postgres-secondary';
import { runProgram } from '@shop/dev/programs';
import { SetupError } from '@shop/dev/setup-error';
import { folderFor, unprivilegedUser, writeFileFor, type User } from '@shop/dev/unprivileged';
import { withDatabase } from '@shop/dev/with-database';
import { configurationFile, POSTGRES_SERVERS, type Layout, type PostgresServer } from './layout';
import type { RecordedServers } from './recorded-servers';

const PASSWORD = 'postgres';
const CONNECT_TIMEOUT_MS = 3_000;
const CATCH_UP_TIMEOUT_MS = 30_000;
/** A secondary that cannot stream tries again every 5 s (`wal_retrieve_retry_interval`). */
const FOLLOW_TIMEOUT_MS = 15_000;

/** The state of a secondary, as its primary reports it. */
export interface ReplicationStatus {
  name: string;
  state: string;
  synchronous: string;
  /** What the secondary has not replayed yet. */
  lagBytes: number;
  lagSeconds: number;
}

/** The PostgreSQL servers of a cluster: one primary, and secondaries that stream from it. */
export class PostgresServers {
  private constructor(
    private readonly programs: string,
    private readonly layout: Layout,
    private readonly servers: RecordedServers,
    private readonly user: User,
    readonly folder: string,
  ) {}

  static async create(programs: string, layout: Layout, servers: RecordedServers): Promise<PostgresServers> {
    const user = await unprivilegedUser();
    return new PostgresServers(programs, layout, servers, user, folderFor(user, join(layout.folder, 'postgresql')));
  }

  /** Returns the URL of a database of a server; its maintenance database by default. */
  urlOf(server: PostgresServer, database = 'postgres'): string {
    return `postgresql://postgres:${PASSWORD}@127.0.0.1:${this.layout.ports.postgres[server]}/${database}`;
  }

  exists(server: PostgresServer): boolean {
    return existsSync(this.dataOf(server));
  }

  /** Whether no server has data. */
  get isNew(): boolean {
    return !POSTGRES_SERVERS.some((server) => this.exists(server));
  }

  /** Returns whether a server starts as a secondary, which accepts no writes from clients. */
  isSecondary(server: PostgresServer): boolean {
    return existsSync(join(this.dataOf(server), 'standby.signal'));
  }

  isRunning(server: PostgresServer): boolean {
    return this.servers.pidOf(nameOf(server)) !== null;
  }

  /** Creates the data of the first primary. */
  async initialise(server: PostgresServer): Promise<void> {
    const passwordFile = join(this.folder, 'password');
    writeFileFor(this.user, passwordFile, `${PASSWORD}\n`);
    const options = ['--username=postgres', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'];
    await this.createData(server, (data) => this.run('initdb', ['--pgdata', data, '--auth=scram-sha-256', ...options]));
    rmSync(passwordFile);
  }

  /** Replaces the data of a server by a copy of the primary's, so that the server starts as its secondary. */
  async copy(primary: PostgresServer, server: PostgresServer): Promise<void> {
    const source = { url: this.urlOf(primary), data: this.dataOf(primary) };
    const { programs, user } = this;
    await this.createData(server, (data) => copyAsSecondary(source, { name: nameOf(server), data, programs, user }));
  }

  async start(server: PostgresServer): Promise<void> {
    const data = this.dataOf(server);
    for (const file of ['postgresql.conf', 'pg_hba.conf'])
      writeFileFor(this.user, join(data, file), readFileSync(configurationFile(file)));
    const settings = {
      port: this.layout.ports.postgres[server],
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      cluster_name: nameOf(server), // the application name of its connection to the primary
    };
    await this.servers.start({
      name: nameOf(server),
      program: join(this.programs, 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      cwd: this.folder,
      ...this.user,
      // Fast shutdown: ends the sessions of clients, and on a primary waits until its secondaries have received all WAL.
      stopSignal: 'SIGINT',
      isReady: async () => (await this.query(server, 'SELECT 1')).length === 1,
    });
  }

  /** Shuts a server down cleanly; with SIGKILL, ends it like a crash. */
  async end(server: PostgresServer, signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end(nameOf(server), signal);
  }

  async isPrimary(server: PostgresServer): Promise<boolean> {
    const [row] = await this.query<{ secondary: boolean }>(server, 'SELECT pg_is_in_recovery() AS secondary');
    return row?.secondary === false;
  }

  /** Writes all changed pages to disk, which shortens a shutdown that follows. */
  async checkpoint(server: PostgresServer): Promise<void> {
    await this.query(server, 'CHECKPOINT');
  }

  /**
   * Returns the WAL position (LSN) at which a primary shut down: a secondary that has received it has received all.
   *
   * @throws {SetupError} if the server did not shut down cleanly; it may have written more than it has recorded
   */
  async shutdownPosition(server: PostgresServer): Promise<string> {
    const controlData = await this.run('pg_controldata', [this.dataOf(server)]);
    const [state, position] = ['Database cluster state', 'Latest checkpoint location'].map(
      (field) => new RegExp(`^${field}: +(.+)$`, 'm').exec(controlData)?.[1],
    );
    if (state === 'shut down' && position !== undefined) return position;
    throw new SetupError(
      `${nameOf(server)} did not shut down cleanly (state: "${state}"), so its last write is unknown. ` +
        'Read its log, then try again.',
    );
  }

  /**
   * Returns the running secondary that has received the most WAL.
   *
   * @param atLeast the LSN that it must have received
   * @throws {SetupError} if no running secondary has received that
   */
  async mostAdvanced(secondaries: readonly PostgresServer[], atLeast = '0/0'): Promise<PostgresServer> {
    let best: { server: PostgresServer; received: bigint } | null = null;
    for (const server of secondaries) {
      if (!this.isRunning(server)) continue;
      const [row] = await this.query<{ bytes: string }>(
        server,
        // After a restart the receive position is the start of a segment, and the replay position may be later.
        `SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '${atLeast}'::pg_lsn AS bytes
         WHERE pg_is_in_recovery()`,
      );
      const received = BigInt(row?.bytes ?? '-1');
      if (received < 0n) continue;
      if (best === null || received > best.received) best = { server, received };
    }
    if (best === null) {
      throw new SetupError(
        'No running secondary has received everything from the primary. Start the secondaries with make cluster, then try again.',
      );
    }
    return best.server;
  }

  /** Promotes a secondary to primary, and makes `followers` stream from it. */
  async promote(server: PostgresServer, followers: readonly PostgresServer[] = []): Promise<void> {
    // The slots exist before the first write of the new primary, so that a follower misses nothing.
    for (const follower of followers) await this.createSlot(server, follower, { replace: true });
    const [row] = await this.query<{ promoted: boolean }>(server, 'SELECT pg_promote(true, 60) AS promoted');
    if (!row?.promoted) {
      throw new SetupError(
        `${nameOf(server)} did not become the primary within 60 s: read its log, then run make cluster.`,
      );
    }
    for (const follower of followers) if (this.isRunning(follower)) await this.setPrimary(server, follower);
  }

  /** Ends the sessions of all clients. Sessions from before a promotion would continue to be read-only. */
  async endSessions(server: PostgresServer): Promise<void> {
    await this.query(
      server,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
  }

  /**
   * Makes a secondary stream from a primary, and starts it.
   *
   * @returns false if it cannot: the primary no longer has WAL that it needs, or it has WAL that the primary never had
   */
  async follow(primary: PostgresServer, server: PostgresServer): Promise<boolean> {
    await this.createSlot(primary, server, { replace: false });
    if (!(await this.isStreaming(primary, server))) await this.setPrimary(primary, server);
    await this.start(server);
    for (const end = Date.now() + FOLLOW_TIMEOUT_MS; Date.now() < end; await delay(100)) {
      if (await this.isStreaming(primary, server)) return true;
    }
    return false;
  }

  /** Returns the state of each secondary, as the primary reports it. */
  async replication(primary: PostgresServer): Promise<ReplicationStatus[]> {
    return this.query<ReplicationStatus>(
      primary,
      `SELECT application_name AS name, state, sync_state AS synchronous,
         (pg_current_wal_lsn() - replay_lsn)::float AS "lagBytes",
         coalesce(extract(epoch FROM replay_lag), 0)::float AS "lagSeconds"
       FROM pg_stat_replication WHERE application_name LIKE 'postgres-%' ORDER BY 1`,
    );
  }

  /** Waits until `count` secondaries stream. @throws {Error} if they do not within 30 s */
  async waitUntilStreaming(primary: PostgresServer, count: number): Promise<void> {
    for (const end = Date.now() + CATCH_UP_TIMEOUT_MS; ; await delay(100)) {
      const streaming = (await this.replication(primary)).filter(({ state }) => state === 'streaming');
      if (streaming.length >= count) return;
      if (Date.now() > end) {
        throw new Error(`Only ${streaming.length} of ${count} secondaries are streaming: see their logs.`);
      }
    }
  }

  async query<R extends object = object>(server: PostgresServer, sql: string, database?: string): Promise<R[]> {
    const url = this.urlOf(server, database);
    const { rows } = await withDatabase(url, (client) => client.query<R>(sql), CONNECT_TIMEOUT_MS);
    return rows;
  }

  /** Returns whether a secondary receives WAL from a primary, even if it is still behind. */
  private async isStreaming(primary: PostgresServer, server: PostgresServer): Promise<boolean> {
    const all = await this.replication(primary);
    return all.some(({ name, state }) => name === nameOf(server) && (state === 'streaming' || state === 'catchup'));
  }

  /** Sets the primary of a secondary; if the secondary is stopped, for its next start. */
  private async setPrimary(primary: PostgresServer, server: PostgresServer): Promise<void> {
    const settings = streamingSettings(this.urlOf(primary), slotOf(nameOf(server)));
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
    if (this.isRunning(server)) {
      for (const line of lines) await this.query(server, `ALTER SYSTEM SET ${line}`);
      await this.query(server, 'SELECT pg_reload_conf()');
      return;
    }
    const file = join(this.dataOf(server), 'postgresql.auto.conf'); // the file that ALTER SYSTEM writes
    const others = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !Object.keys(settings).some((name) => line.startsWith(name)));
    writeFileSync(file, [...others, ...lines, ''].join('\n'));
  }

  private async createSlot(
    primary: PostgresServer,
    secondary: PostgresServer,
    options: { replace: boolean },
  ): Promise<void> {
    const url = this.urlOf(primary);
    await withDatabase(url, (sql) => createSlot(sql, slotOf(nameOf(secondary)), options), CONNECT_TIMEOUT_MS);
  }

  /** Creates the data of a server in a temporary folder, which replaces the data folder only when it is complete. */
  private async createData(server: PostgresServer, create: (data: string) => Promise<unknown>): Promise<void> {
    const unfinished = `${this.dataOf(server)}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    await create(unfinished);
    rmSync(this.dataOf(server), { recursive: true, force: true });
    renameSync(unfinished, this.dataOf(server));
  }

  private run(program: string, args: string[]): Promise<string> {
    return runProgram(join(this.programs, program), args, { cwd: this.folder, ...this.user });
  }

  private dataOf(server: PostgresServer): string {
    return join(this.folder, String(server));
  }
}

const nameOf = (server: PostgresServer): string => `postgres-${server}`;
