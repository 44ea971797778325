import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import { Servers } from '@shop/dev/servers';
import { SetupError } from '@shop/dev/setup-error';
import { startTemporal } from '@shop/dev/temporal';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { withDatabase } from '@shop/dev/with-database';
import { emptyQueues } from './empty-queues';

export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What the contestants share: one PostgreSQL, one RabbitMQ, and a place for what each needs beside them. */
export class Stage {
  /** Set once everything is being stopped. */
  struck = false;
  /** What belongs to the contestant that is on stage. */
  own: Servers;

  private databases: string[] = [];
  private clearing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly shared: Servers,
    readonly folder: string,
    private readonly maintenanceUrl: string,
    private readonly amqpUrl: string,
    private readonly cli: string,
  ) {
    this.own = new Servers(join(folder, 'logs'));
  }

  /**
   * Starts both servers, as `make run` does where it finds none, on ports of their own.
   *
   * @param folder is emptied first
   * @param names of those who get a virtual host of their own
   */
  static async set(folder: string, names: string[]): Promise<Stage> {
    rmSync(folder, { recursive: true, force: true });
    const servers = new Servers(join(folder, 'logs'));
    try {
      const program = await findOrInstallRabbitMq(say);
      if (program === null) throw new SetupError('The bench needs RabbitMQ: install rabbitmq-server, on the PATH.');
      const cli = await findTemporalCli(say);
      const [databaseUrl, amqpUrl] = await Promise.all([
        startPostgres({ port: await freePort(), folder: join(folder, 'postgresql') }, servers),
        startRabbitMq(
          { program, port: await freePort(), folder: join(folder, 'rabbitmq'), virtualHosts: names },
          servers,
        ),
      ]);
      return new Stage(servers, folder, databaseUrl, amqpUrl, cli);
    } catch (error) {
      await servers.stopAll();
      throw error;
    }
  }

  isRunning(server: string): boolean {
    return this.shared.isRunning(server) || this.own.isRunning(server);
  }

  pidOf(server: string): number {
    return (this.shared.isRunning(server) ? this.shared : this.own).pidOf(server);
  }

  /** Has a contestant enter. @param name of the folder of its logs, so that the next one's do not replace them */
  enter(name: string): void {
    this.own = new Servers(join(this.folder, 'logs', name));
  }

  /** Has the contestant leave, and its databases go: cleaning them up would be at the expense of the next one. */
  async clear(): Promise<void> {
    this.clearing = this.own.stopAll();
    await this.clearing;
    const databases = this.databases.splice(0);
    if (this.struck || databases.length === 0) return;
    this.clearing = this.maintain(databases.map(dropping)).catch((error: unknown) => say(String(error))); // in vain
    await this.clearing;
  }

  /** Stops everything. */
  async strike(): Promise<void> {
    this.struck = true;
    this.own.refuseStarts();
    await this.clearing;
    await this.own.stopAll();
    await this.shared.stopAll();
  }

  /** A name's virtual host, its queues empty. @returns its URL */
  async emptyVirtualHost(name: string): Promise<string> {
    const url = `${this.amqpUrl}/${name}`;
    await emptyQueues(url);
    return url;
  }

  /** An empty database of that name, whatever was in it. @returns its URL */
  async emptyDatabase(name: string): Promise<string> {
    this.databases.push(name);
    await this.maintain([dropping(name), `CREATE DATABASE ${name}`]);
    return this.maintenanceUrl.replace(/[^/]+$/, name);
  }

  /** Temporal's development server with an empty store, as `make run` starts it. @returns its address */
  async startTemporal(): Promise<string> {
    const databaseFile = join(this.folder, 'temporal', 'temporal.db');
    rmSync(join(this.folder, 'temporal'), { recursive: true, force: true });
    return startTemporal({ cli: this.cli, port: await freePort(), databaseFile }, this.own);
  }

  private async maintain(statements: string[]): Promise<void> {
    await withDatabase(this.maintenanceUrl, async (sql) => {
      for (const statement of statements) await sql.query(statement);
    });
  }
}

const dropping = (database: string): string => `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`;
