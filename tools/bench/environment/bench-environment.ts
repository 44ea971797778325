import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { declareRoute, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, retryQueue } from '@shop/amqp/topology';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import { Servers } from '@shop/dev/servers';
import { SetupError } from '@shop/dev/setup-error';
import { startTemporal } from '@shop/dev/temporal';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { withDatabase } from '@shop/dev/with-database';
import { connect } from 'amqplib';

/** Prints a line of progress. It goes to stderr, so that stdout has only the report. */
export const printProgress = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * The servers of a bench: one PostgreSQL and one RabbitMQ that all candidates share, and the servers of the current
 * candidate.
 */
export class BenchEnvironment {
  /** True once `stop` was called. */
  stopping = false;
  /** The servers of the current candidate. */
  candidateServers: Servers;

  private databases: string[] = [];
  private ending: Promise<void> = Promise.resolve();

  private constructor(
    private readonly sharedServers: Servers,
    readonly folder: string,
    private readonly maintenanceUrl: string,
    private readonly amqpUrl: string,
    private readonly temporalCli: string,
  ) {
    this.candidateServers = new Servers(join(folder, 'logs'));
  }

  /**
   * Starts PostgreSQL and RabbitMQ on free ports.
   *
   * @param folder for data and logs; it is emptied first
   * @param virtualHosts to create in RabbitMQ, one per candidate
   */
  static async start(folder: string, virtualHosts: string[]): Promise<BenchEnvironment> {
    rmSync(folder, { recursive: true, force: true });
    const servers = new Servers(join(folder, 'logs'));
    try {
      const program = await findOrInstallRabbitMq(printProgress);
      if (program === null) throw new SetupError('The bench needs RabbitMQ: rabbitmq-server is not on the PATH.');
      const temporalCli = await findTemporalCli(printProgress);
      const [databaseUrl, amqpUrl] = await Promise.all([
        startPostgres({ port: await freePort(), folder: join(folder, 'postgresql') }, servers),
        startRabbitMq({ program, port: await freePort(), folder: join(folder, 'rabbitmq'), virtualHosts }, servers),
      ]);
      return new BenchEnvironment(servers, folder, databaseUrl, amqpUrl, temporalCli);
    } catch (error) {
      await servers.stopAll();
      throw error;
    }
  }

  isRunning(server: string): boolean {
    return this.sharedServers.isRunning(server) || this.candidateServers.isRunning(server);
  }

  pidOf(server: string): number {
    return (this.sharedServers.isRunning(server) ? this.sharedServers : this.candidateServers).pidOf(server);
  }

  /** Prepares for the servers of the next candidate. @param logFolder a name that no other run of this bench uses */
  beginCandidate(logFolder: string): void {
    this.candidateServers = new Servers(join(this.folder, 'logs', logFolder));
  }

  /** Stops the candidate's servers and drops its databases. Otherwise their autovacuum would slow the next candidate. */
  async endCandidate(): Promise<void> {
    this.ending = this.candidateServers.stopAll();
    await this.ending;
    const databases = this.databases.splice(0);
    if (this.stopping || databases.length === 0) return;
    this.ending = this.execute(databases.map(dropStatement)).catch((error: unknown) => printProgress(String(error)));
    await this.ending;
  }

  /** Stops all servers. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.candidateServers.refuseStarts();
    await this.ending;
    await this.candidateServers.stopAll();
    await this.sharedServers.stopAll();
  }

  /** Purges the queues of a virtual host: a failed run leaves payment messages. @returns the URL of the virtual host */
  async emptyVirtualHost(name: string): Promise<string> {
    const url = `${this.amqpUrl}/${name}`;
    const connection = await connect(url);
    try {
      const channel = await connection.createChannel();
      for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) {
        await declareRoute(channel, route); // in the first run the queues do not exist yet
        for (const queue of [route.queue, parkedQueue(route), retryQueue(route)]) await channel.purgeQueue(queue);
      }
    } finally {
      await connection.close();
    }
    return url;
  }

  /** Creates an empty database; drops an existing one of that name. @returns the URL of the database */
  async createDatabase(name: string): Promise<string> {
    this.databases.push(name);
    await this.execute([dropStatement(name), `CREATE DATABASE ${name}`]);
    return this.maintenanceUrl.replace(/[^/]+$/, name);
  }

  /** Starts Temporal's development server with an empty store in a file, as `make run` does. @returns its address */
  async startTemporal(): Promise<string> {
    const databaseFile = join(this.folder, 'temporal', 'temporal.db');
    rmSync(join(this.folder, 'temporal'), { recursive: true, force: true });
    return startTemporal({ cli: this.temporalCli, port: await freePort(), databaseFile }, this.candidateServers);
  }

  private async execute(statements: string[]): Promise<void> {
    await withDatabase(this.maintenanceUrl, async (sql) => {
      for (const statement of statements) await sql.query(statement);
    });
  }
}

const dropStatement = (database: string): string => `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`;
