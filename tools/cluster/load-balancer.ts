import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { installDebianPackage } from '@shop/dev/debian-package';
import { findProgram } from '@shop/dev/programs';
import type { Print } from '@shop/dev/progress';
import { SetupError } from '@shop/dev/setup-error';
import { INSTANCES, POSTGRES_SERVERS, settingsFile, type Layout } from './layout';
import type { RecordedServers } from './recorded-servers';
import { asMap, rolesFile, type Roles } from './roles';

const NAME = 'haproxy';
const RELOADS_WITHIN_MS = 10_000;

/** HAProxy, from Debian's package where there is none on the PATH. @throws SetupError where it cannot be had */
export async function findHaproxy(say: Print): Promise<string> {
  if (find() === null) await installDebianPackage('HAProxy', 'haproxy', say);
  const found = find();
  if (found === null) throw new SetupError('HAProxy is not on the PATH: install it (Debian and Homebrew: haproxy).');
  return found;
}

const find = (): string | null => findProgram('haproxy', { after: ['/usr/sbin', '/opt/homebrew/bin'] });
const local = (port: number): string => `127.0.0.1:${port}`;

/** One line of HAProxy's statistics: of a server of a backend. */
export interface ServerStatistics {
  name: string;
  status: string;
  /** Requests, or connections where it is not HTTP. */
  taken: number;
}

/** The load balancer of a cluster. */
export class LoadBalancer {
  constructor(
    private readonly layout: Layout,
    private readonly servers: RecordedServers,
  ) {}

  async start(program: string): Promise<void> {
    const { ports } = this.layout;
    await this.servers.start({
      name: NAME,
      program,
      args: ['-W', '-f', settingsFile('haproxy.cfg')],
      env: {
        ...process.env,
        HAPROXY_SOCKET: this.socket,
        ROLES_FILE: rolesFile(this.layout),
        ORDERS_BIND: local(ports.orders),
        STATISTICS_BIND: local(ports.statistics),
        PRIMARY_BIND: local(ports.primary),
        SECONDARY_1_BIND: local(ports.secondaries[0]),
        SECONDARY_2_BIND: local(ports.secondaries[1]),
        ...Object.fromEntries(INSTANCES.map((i) => [`ORDERS_${i}`, local(ports.services['order-management'][i])])),
        ...Object.fromEntries(POSTGRES_SERVERS.map((i) => [`POSTGRES_${i}`, local(ports.postgres[i])])),
      },
      isReady: async () => (await this.command('show info')) !== '',
    });
  }

  /** Has it read its settings again; requests and connections go on in the old process until they end. */
  async reload(): Promise<void> {
    const before = await this.workerPid();
    this.servers.send(NAME, 'SIGUSR2', { toAll: false });
    for (const end = Date.now() + RELOADS_WITHIN_MS; Date.now() < end; await delay(50)) {
      const now = await this.workerPid().catch(() => before);
      if (now !== before) return;
    }
    throw new Error(`HAProxy has not reloaded within ${RELOADS_WITHIN_MS / 1_000} s: see ${this.layout.folder}/logs.`);
  }

  /** Sends new connections for PostgreSQL where the roles say, as the file does after a restart. */
  async repoint(roles: Roles): Promise<void> {
    for (const [role, server] of Object.entries(asMap(roles))) {
      await this.order(`set map ${rolesFile(this.layout)} ${role} ${server}`);
    }
  }

  /** Gives no request to an order service, however ready it is, until it is told otherwise. */
  async hold(name: string, held: boolean): Promise<void> {
    await this.order(`set server order-management/${name} state ${held ? 'maint' : 'ready'}`);
  }

  /** What each server has been given, by name. */
  async statistics(): Promise<Map<string, ServerStatistics>> {
    const [header = '', ...rows] = (await this.command('show stat -1 4 -1')).trim().split('\n');
    const columns = header.replace(/^# /, '').split(',');
    const at = (row: string[], column: string): string => row[columns.indexOf(column)] ?? '';
    return new Map(
      rows
        .map((row) => row.split(','))
        .map((row) => {
          const name = at(row, 'svname');
          return [name, { name, status: at(row, 'status'), taken: Number(at(row, 'stot')) }];
        }),
    );
  }

  private async workerPid(): Promise<string> {
    return /^Pid: (\d+)$/m.exec(await this.command('show info'))?.[1] ?? '';
  }

  /** @throws with what HAProxy has against it */
  private async order(line: string): Promise<void> {
    const objection = (await this.command(line)).trim();
    if (objection !== '') throw new Error(`HAProxy does not do "${line}": ${objection}`);
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
