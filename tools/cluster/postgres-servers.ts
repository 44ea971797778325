import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installDebianPackage } from '@shop/dev/debian-package';
import { copyAsSecondary, createSlot, slotOf, streamingSettings } from '@shop/dev/postgres-secondary';
import { findProgram, runProgram } from '@shop/dev/programs';
import type { Print } from '@shop/dev/progress';
import { SetupError } from '@shop/dev/setup-error';
import { folderFor, unprivilegedUser, type User } from '@shop/dev/unprivileged';
import { withDatabase } from '@shop/dev/with-database';
import { POSTGRES_SERVERS, settingsFile, type Layout, type PostgresServer } from './layout';
import type { RecordedServers } from './recorded-servers';

const PASSWORD = 'postgres';
const DEBIAN = '/usr/lib/postgresql';
const CONNECT_TIMEOUT_MS = 3_000;
const CATCHES_UP_WITHIN_MS = 30_000;
const FOLLOWS_WITHIN_MS = 15_000; // it tries again every five seconds

/** How a secondary of a primary is doing. */
export interface Replication {
  name: string;
  state: string;
  synchronous: string;
  /** What it has still to replay, in bytes and as time. */
  lagBytes: number;
  lagSeconds: number;
}

// Debian keeps those of a server off the PATH, in a folder for each version.
const find = (): string | null => {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : [];
  const after = [...versions.map((version) => join(DEBIAN, version, 'bin')), '/opt/homebrew/bin'];
  const initdb = findProgram('initdb', { after });
  const folder = initdb && dirname(realpathSync(initdb)); // all of one version lie together
  return folder && existsSync(join(folder, 'pg_basebackup')) ? folder : null;
};

/** The folder of PostgreSQL's own programs, Debian's package where there are none. @throws SetupError */
export async function findPostgresPrograms(say: Print): Promise<string> {
  if (find() === null) await installDebianPackage('PostgreSQL', 'postgresql', say);
  const found = find();
  if (found === null) {
    throw new SetupError(
      'PostgreSQL with pg_basebackup is not to be found: install it (Debian and Homebrew: postgresql).',
    );
  }
  return found;
}

/** The PostgreSQL servers of a cluster: one primary, and others that stream from it. */
export class PostgresServers {
  private constructor(
    private readonly programs: string,
    private readonly layout: Layout,
    private readonly servers: RecordedServers,
    private readonly user: User,
    readonly folder: string,
  ) {}

  static async at(programs: string, layout: Layout, servers: RecordedServers): Promise<PostgresServers> {
    const user = await unprivilegedUser();
    return new PostgresServers(programs, layout, servers, user, folderFor(user, join(layout.folder, 'postgresql')));
  }

  /** The URL of a server's maintenance database, or of another. */
  urlOf(server: PostgresServer, database = 'postgres'): string {
    return `postgresql://postgres:${PASSWORD}@127.0.0.1:${this.layout.ports.postgres[server]}/${database}`;
  }

  exists(server: PostgresServer): boolean {
    return existsSync(this.dataOf(server));
  }

  /** Whether there is no data of any of them. */
  get isNew(): boolean {
    return !POSTGRES_SERVERS.some((server) => this.exists(server));
  }

  /** Whether a server's data is a secondary's, so that it takes no writes of its own when it starts. */
  isSecondary(server: PostgresServer): boolean {
    return existsSync(join(this.dataOf(server), 'standby.signal'));
  }

  isRunning(server: PostgresServer): boolean {
    return this.servers.pidOf(nameOf(server)) !== null;
  }

  /** Makes an empty server, to be the first primary. */
  async initialise(server: PostgresServer): Promise<void> {
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, `${PASSWORD}\n`);
    const options = ['--username=postgres', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'];
    await this.make(server, (data) => this.run('initdb', ['--pgdata', data, '--auth=scram-sha-256', ...options]));
    rmSync(passwordFile);
  }

  /** Makes a server anew, as a secondary that streams from the primary, which keeps for its slot what it lacks. */
  async copy(primary: PostgresServer, server: PostgresServer): Promise<void> {
    const from = { url: this.urlOf(primary), data: this.dataOf(primary) };
    const { programs, user } = this;
    await this.make(server, (data) => copyAsSecondary(from, { name: nameOf(server), data, programs, user }));
  }

  async start(server: PostgresServer): Promise<void> {
    const data = this.dataOf(server);
    for (const file of ['postgresql.conf', 'pg_hba.conf']) copyFileSync(settingsFile(file), join(data, file));
    const settings = {
      port: this.layout.ports.postgres[server],
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      cluster_name: nameOf(server), // by which the primary knows it
    };
    await this.servers.start({
      name: nameOf(server),
      program: join(this.programs, 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      cwd: this.folder,
      ...this.user,
      stopSignal: 'SIGINT', // ends sessions, rather than waiting for them; a primary's secondaries get all of it first
      isReady: async () => (await this.query(server, 'SELECT 1')).length === 1,
    });
  }

  async end(server: PostgresServer, signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end(nameOf(server), signal);
  }

  async isPrimary(server: PostgresServer): Promise<boolean> {
    const [row] = await this.query<{ secondary: boolean }>(server, 'SELECT pg_is_in_recovery() AS secondary');
    return row?.secondary === false;
  }

  /** Writes down what is only in memory, so that a stop soon after takes no longer than it must. */
  async checkpoint(server: PostgresServer): Promise<void> {
    await this.query(server, 'CHECKPOINT');
  }

  /**
   * Where a primary that was stopped in good order has ended: what has been received up to there is all of it.
   *
   * @throws SetupError where it was not: more may have been written after what it knows of
   */
  async endOf(server: PostgresServer): Promise<string> {
    const told = await this.run('pg_controldata', [this.dataOf(server)]);
    const [state, end] = ['Database cluster state', 'Latest checkpoint location'].map(
      (field) => new RegExp(`^${field}: +(.+)$`, 'm').exec(told)?.[1],
    );
    if (state === 'shut down' && end !== undefined) return end;
    throw new SetupError(
      `${nameOf(server)} did not stop in good order ("${state}"), so nobody can say what it has written last. ` +
        'Look at its log, and try again.',
    );
  }

  /**
   * Of some secondaries the one that has received the most.
   *
   * @param atLeast what it must have received, as `endOf` has it
   * @throws SetupError where none has, or none runs
   */
  async mostAdvanced(secondaries: readonly PostgresServer[], atLeast = '0/0'): Promise<PostgresServer> {
    let best: { server: PostgresServer; received: bigint } | null = null;
    for (const server of secondaries) {
      if (!this.isRunning(server)) continue;
      const [row] = await this.query<{ bytes: string }>(
        server,
        // After a restart what was received counts from the segment's start, and what was replayed is the more.
        `SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '${atLeast}'::pg_lsn AS bytes
         WHERE pg_is_in_recovery()`,
      );
      const received = BigInt(row?.bytes ?? '-1');
      if (received < 0n) continue;
      if (best === null || received > best.received) best = { server, received };
    }
    if (best === null)
      throw new SetupError(
        'No secondary that runs has all that the primary has: start them with make cluster, and try again.',
      );
    return best.server;
  }

  /** Makes a secondary the primary; `followers` have their slots there, and take from it from then on. */
  async promote(server: PostgresServer, followers: readonly PostgresServer[] = []): Promise<void> {
    // Slots first, and replay to the end is what promoting waits for: no follower can miss anything.
    for (const follower of followers) await this.createSlot(server, follower, { replace: true });
    const [row] = await this.query<{ promoted: boolean }>(server, 'SELECT pg_promote(true, 60) AS promoted');
    if (!row?.promoted) {
      throw new SetupError(`${nameOf(server)} has not become the primary within 60 s: see its log, then make cluster.`);
    }
    for (const follower of followers) if (this.isRunning(follower)) await this.pointTo(server, follower);
  }

  /** Ends the sessions of all clients: made when it was a secondary, they would go on as if it were still one. */
  async endSessions(server: PostgresServer): Promise<void> {
    await this.query(
      server,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
  }

  /**
   * Has a secondary take from a primary, whichever it took from before, and starts it.
   *
   * @returns false where it cannot, as it has missed too much, or has something that this primary never had
   */
  async follow(primary: PostgresServer, server: PostgresServer): Promise<boolean> {
    await this.createSlot(primary, server, { replace: false });
    if (!(await this.isTakenBy(primary, server))) await this.pointTo(primary, server);
    await this.start(server);
    for (const end = Date.now() + FOLLOWS_WITHIN_MS; Date.now() < end; await delay(100)) {
      if (await this.isTakenBy(primary, server)) return true;
    }
    return false;
  }

  /** How each secondary is doing, as the primary sees it. */
  async replication(primary: PostgresServer): Promise<Replication[]> {
    return this.query<Replication>(
      primary,
      `SELECT application_name AS name, state, sync_state AS synchronous,
         (pg_current_wal_lsn() - replay_lsn)::float AS "lagBytes",
         coalesce(extract(epoch FROM replay_lag), 0)::float AS "lagSeconds"
       FROM pg_stat_replication WHERE application_name LIKE 'postgres-%' ORDER BY 1`,
    );
  }

  /** Waits until so many secondaries stream. */
  async untilStreaming(primary: PostgresServer, count: number): Promise<void> {
    for (const end = Date.now() + CATCHES_UP_WITHIN_MS; ; await delay(100)) {
      const streaming = (await this.replication(primary)).filter(({ state }) => state === 'streaming');
      if (streaming.length >= count) return;
      if (Date.now() > end) throw new Error(`Of ${count} secondaries only ${streaming.length} stream: see the logs.`);
    }
  }

  async query<R extends object = object>(server: PostgresServer, sql: string, database?: string): Promise<R[]> {
    const { rows } = await withDatabase(
      this.urlOf(server, database),
      (client) => client.query<R>(sql),
      CONNECT_TIMEOUT_MS,
    );
    return rows;
  }

  /** Whether a secondary takes what a primary writes, be it behind or not. */
  private async isTakenBy(primary: PostgresServer, server: PostgresServer): Promise<boolean> {
    const all = await this.replication(primary);
    return all.some(({ name, state }) => name === nameOf(server) && (state === 'streaming' || state === 'catchup'));
  }

  /** Tells a secondary whom to take from: from now on or, where it does not run, from its next start on. */
  private async pointTo(primary: PostgresServer, server: PostgresServer): Promise<void> {
    const settings = streamingSettings(this.urlOf(primary), slotOf(nameOf(server)));
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
    if (this.isRunning(server)) {
      for (const line of lines) await this.query(server, `ALTER SYSTEM SET ${line}`);
      await this.query(server, 'SELECT pg_reload_conf()');
      return;
    }
    const file = join(this.dataOf(server), 'postgresql.auto.conf'); // where ALTER SYSTEM writes
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

  /** Makes a server's data beside its place and moves it there when it is whole, in place of what was there. */
  private async make(server: PostgresServer, into: (data: string) => Promise<unknown>): Promise<void> {
    const unfinished = `${this.dataOf(server)}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    await into(unfinished);
    rmSync(this.dataOf(server), { recursive: true, force: true });
    renameSync(unfinished, this.dataOf(server));
  }

  private run(program: string, args: string[]): Promise<string> {
    return runProgram(join(this.programs, program), args, {
      cwd: this.folder,
      ...this.user,
      env: { PGPASSWORD: PASSWORD },
    });
  }

  private dataOf(server: PostgresServer): string {
    return join(this.folder, String(server));
  }
}

const nameOf = (server: PostgresServer): string => `postgres-${server}`;
