import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '@shop/dev/programs';
import { SetupError } from '@shop/dev/setup-error';
import { configurationFile, INSTANCES, POSTGRES_SERVERS, type Layout } from './layout';
import type { RecordedServers } from './recorded-servers';
import { mapEntries, rolesFile, type Roles } from './roles';

const NAME = 'haproxy';
const CONFIGURATION = configurationFile('haproxy.cfg');
const RELOAD_TIMEOUT_MS = 10_000;

const local = (port: number): string => `127.0.0.1:${port}`;

/** HAProxy's statistics of one server of a backend. */
export interface ServerStatistics {
  name: string;
  status: string;
  /** Requests, or connections if the backend is not HTTP. */
  requests: number;
}

/** The load balancer of a cluster: HAProxy. */
export class LoadBalancer {
  constructor(
    private readonly program: string,
    private readonly layout: Layout,
    private readonly servers: Pick<RecordedServers, 'start' | 'send'>,
  ) {}

  async start(): Promise<void> {
    await this.servers.start({
      name: NAME,
      program: this.program,
      args: ['-W', '-f', CONFIGURATION],
      env: { ...process.env, ...this.variables },
      isReady: async () => (await this.command('show info')) !== '',
    });
  }

  /**
   * Makes HAProxy load its configuration again. A new worker process takes new connections; the old one keeps its
   * requests and connections until they end.
   *
   * @returns the process ids of both
   * @throws {SetupError} if the configuration is invalid, with HAProxy's reason; the old worker then continues
   */
  async reload(): Promise<{ oldWorker: number; newWorker: number }> {
    await this.checkConfiguration();
    const oldWorker = await this.workerPid();
    this.servers.send(NAME, 'SIGUSR2', { toAll: false });
    for (const end = Date.now() + RELOAD_TIMEOUT_MS; Date.now() < end; await delay(50)) {
      const newWorker = await this.workerPid().catch(() => oldWorker);
      if (newWorker !== oldWorker) return { oldWorker, newWorker };
    }
    throw new Error(
      `HAProxy did not reload within ${RELOAD_TIMEOUT_MS / 1_000} s: see ${join(this.layout.folder, 'logs', 'haproxy.log')}.`,
    );
  }

  /** Routes new PostgreSQL connections by these roles. HAProxy reads the map file only when it starts or reloads. */
  async routeByRoles(roles: Roles): Promise<void> {
    for (const [role, server] of Object.entries(mapEntries(roles))) {
      await this.execute(`set map ${rolesFile(this.layout)} ${role} ${server}`);
    }
  }

  /** Enables or disables an order service: a disabled one receives no requests, even if it is ready. */
  async setEnabled(name: string, enabled: boolean): Promise<void> {
    await this.execute(`set server order-management/${name} state ${enabled ? 'ready' : 'maint'}`);
  }

  /** Returns the statistics of each server, by name. An instance that also serves the console has those of its API. */
  async statistics(): Promise<Map<string, ServerStatistics>> {
    const [header = '', ...rows] = (await this.command('show stat -1 4 -1')).trim().split('\n');
    const columns = header.replace(/^# /, '').split(',');
    const valueOf = (row: string[], column: string): string => row[columns.indexOf(column)] ?? '';
    return new Map(
      rows
        .map((row) => row.split(','))
        .filter((row) => valueOf(row, 'pxname') !== 'console')
        .map((row) => {
          const name = valueOf(row, 'svname');
          return [name, { name, status: valueOf(row, 'status'), requests: Number(valueOf(row, 'stot')) }];
        }),
    );
  }

  /** The variables of `deploy/haproxy.cfg`. */
  private get variables(): NodeJS.ProcessEnv {
    const { ports } = this.layout;
    return {
      HAPROXY_SOCKET: this.socket,
      ROLES_FILE: rolesFile(this.layout),
      ORDERS_BIND: local(ports.orders),
      STATISTICS_BIND: local(ports.statistics),
      PRIMARY_BIND: local(ports.primary),
      SECONDARY_1_BIND: local(ports.secondaries[0]),
      SECONDARY_2_BIND: local(ports.secondaries[1]),
      ...Object.fromEntries(INSTANCES.map((i) => [`ORDERS_${i}`, local(ports.services['order-management'][i])])),
      ...Object.fromEntries(INSTANCES.map((i) => [`PAYMENTS_${i}`, local(ports.services['payment-processing'][i])])),
      ...Object.fromEntries(POSTGRES_SERVERS.map((i) => [`POSTGRES_${i}`, local(ports.postgres[i])])),
    };
  }

  private async checkConfiguration(): Promise<void> {
    try {
      await runProgram(this.program, ['-c', '-f', CONFIGURATION], { env: this.variables });
    } catch (error) {
      throw new SetupError(
        `HAProxy was not reloaded and continues with its old configuration: ${CONFIGURATION} is invalid.\n` +
          String(error instanceof Error ? error.message : error),
        { cause: error },
      );
    }
  }

  private async workerPid(): Promise<number> {
    return Number(/^Pid: (\d+)$/m.exec(await this.command('show info'))?.[1]);
  }

  /** Runs a command that prints nothing if it succeeds. @throws {Error} with what HAProxy prints */
  private async execute(line: string): Promise<void> {
    const output = (await this.command(line)).trim();
    if (output !== '') throw new Error(`HAProxy refused the command "${line}": ${output}`);
  }

  private async command(line: string): Promise<string> {
    const socket = connect(this.socket);
    await once(socket, 'connect');
    socket.end(`${line}\n`);
    return text(socket);
  }

  private get socket(): string {
    return join(this.layout.folder, 'haproxy.sock');
  }
}
