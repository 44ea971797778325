import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import type { Print } from '@shop/dev/progress';
import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import { SetupError } from '@shop/dev/setup-error';
import { INSTANCES, settingsFile, type Instance, type Layout, type PostgresServer } from './layout';
import { findHaproxy, LoadBalancer } from './load-balancer';
import { findPostgresPrograms, PostgresServers } from './postgres-servers';
import { RecordedServers } from './recorded-servers';
import { readRoles, rolesFile, writeRoles, type Roles } from './roles';
import { nameOf, ServiceInstances } from './service-instances';
import { findTemporalServer, TemporalServer } from './temporal-server';
import { findTemporalWebUi, startTemporalWebUi } from './temporal-web-ui';

const SEEN_WITHIN_MS = 15_000;

export interface ClusterSettings {
  /** A broker to use rather than one of its own. */
  amqpUrl?: string | undefined;
  /** What the services are told beside where everything is. */
  services?: NodeJS.ProcessEnv;
}

/**
 * The whole system on one machine as it would stand on several: a load balancer, three instances of each service, a
 * PostgreSQL primary with two secondaries, RabbitMQ, and Temporal with its store in PostgreSQL.
 */
export class Cluster {
  private constructor(
    private readonly layout: Layout,
    readonly servers: RecordedServers,
    private readonly programs: { rabbitMq: string | null; haproxy: string; temporalUi: string },
    readonly postgres: PostgresServers,
    readonly loadBalancer: LoadBalancer,
    readonly temporal: TemporalServer,
    readonly services: ServiceInstances,
    readonly amqpUrl: string,
  ) {}

  /** Finds the programs that it takes; starts nothing. @throws SetupError where one cannot be had */
  static async at(layout: Layout, settings: ClusterSettings, say: Print): Promise<Cluster> {
    if (process.platform !== 'linux') throw new SetupError('The cluster runs on Linux; elsewhere use Docker Compose.');
    const servers = new RecordedServers(layout.folder);
    // First what takes minutes and may not be had at all; then what only has to be installed.
    const temporalPrograms = await findTemporalServer(say);
    const temporalUi = await findTemporalWebUi(say);
    const haproxy = await findHaproxy(say);
    const rabbitMq = settings.amqpUrl ? null : await findOrInstallRabbitMq(say);
    if (rabbitMq === null && !settings.amqpUrl) {
      throw new SetupError('RabbitMQ is not to be found: install it (Debian: rabbitmq-server), or set AMQP_URL.');
    }
    const postgres = await PostgresServers.at(await findPostgresPrograms(say), layout, servers);
    const temporal = new TemporalServer(temporalPrograms, layout.ports, servers);
    const amqpUrl = settings.amqpUrl ?? `amqp://guest:guest@127.0.0.1:${layout.ports.amqp}`;
    const surroundings = { amqpUrl, temporalAddress: temporal.address, settings: settings.services ?? {} };
    return new Cluster(
      layout,
      servers,
      { rabbitMq, haproxy, temporalUi },
      postgres,
      new LoadBalancer(layout, servers),
      temporal,
      new ServiceInstances(surroundings, layout, servers),
      amqpUrl,
    );
  }

  get url(): string {
    return `http://localhost:${this.layout.ports.orders}/orderManagement`;
  }

  /** The shop's database, on whichever server is the primary. */
  get databaseUrl(): string {
    return `postgresql://postgres:postgres@127.0.0.1:${this.layout.ports.primary}/Ecommerce`;
  }

  get temporalUiUrl(): string {
    return `http://localhost:${this.layout.ports.temporalUi}`;
  }

  get roles(): Roles {
    return readRoles(this.layout);
  }

  set roles(roles: Roles) {
    writeRoles(this.layout, roles);
  }

  /** Starts what does not run yet. */
  async start(say: Print): Promise<void> {
    const { roles } = this;
    if (!this.postgres.isNew && !existsSync(rolesFile(this.layout))) {
      throw new SetupError(
        `${this.postgres.folder} has data of PostgreSQL, but ${rolesFile(this.layout)}, which says whose is the latest, ` +
          `is gone: write it as ${settingsFile('postgresql-roles.map')} is written, or remove the data.`,
      );
    }
    this.roles = roles;
    await Promise.all([
      this.loadBalancer.start(this.programs.haproxy),
      this.startBroker(),
      this.startPrimary(roles.primary),
    ]);
    say(`HAProxy, ${this.programs.rabbitMq ? 'RabbitMQ, ' : ''}PostgreSQL's primary: postgres-${roles.primary}`);
    await this.loadBalancer.repoint(roles); // should it run from before a switch-over that was broken off
    for (const secondary of roles.secondaries) await this.startSecondary(secondary);
    await this.postgres.untilStreaming(roles.primary, roles.secondaries.length);
    say(`PostgreSQL's secondaries: ${roles.secondaries.map((server) => `postgres-${server}`).join(', ')}, streaming`);
    await this.temporal.start();
    await this.startTemporalUi();
    say(`Temporal on PostgreSQL, Web UI ${this.temporalUiUrl}`);
    for (const service of SERVICES) {
      await Promise.all(INSTANCES.map((instance) => this.services.start(service, instance)));
      await Promise.all(INSTANCES.map((instance) => this.services.untilItWorks(service, instance)));
      await this.makeCurrent(service);
      say(`${service}: ${INSTANCES.length} instances`);
    }
    for (const instance of INSTANCES) {
      const name = nameOf('order-management', instance);
      await this.loadBalancer.hold(name, false); // by a restart that did not get to its end
      await this.untilBalanced(name);
    }
  }

  /** Stops all that it has started, and nothing else. */
  async stop(): Promise<void> {
    await stopCluster(this.servers);
  }

  /** Restarts the services one instance after the other, each when the one before is at work again. */
  async restartServices(say: Print): Promise<void> {
    for (const service of SERVICES) {
      for (const instance of INSTANCES) {
        await this.restart(service, instance);
        say(`${nameOf(service, instance)}: build ${await this.services.buildOf(service, instance)}`);
      }
    }
  }

  private async restart(service: ServiceName, instance: Instance): Promise<void> {
    const name = nameOf(service, instance);
    const isBalanced = service === 'order-management';
    await this.services.end(service, instance);
    // Sagas go over to the new build once its first instance works. Before that it takes no orders: an instance works on
    // the sagas that it starts, and the old build would have to go on with what the new one has begun.
    const isFirst = instance === INSTANCES[0];
    if (isFirst && isBalanced) await this.loadBalancer.hold(name, true);
    await this.services.start(service, instance);
    await this.services.untilItWorks(service, instance);
    if (isFirst) await this.makeCurrent(service);
    if (!isBalanced) return;
    await this.loadBalancer.hold(name, false);
    await this.untilBalanced(name);
  }

  /** Starts a secondary; one that does not exist yet, has missed too much, or was a primary, is made from the primary. */
  async startSecondary(server: PostgresServer, { anew = false } = {}): Promise<void> {
    const { primary } = this.roles;
    if (!anew && this.postgres.isSecondary(server) && (await this.postgres.follow(primary, server))) return;
    await this.postgres.end(server);
    await this.postgres.copy(primary, server);
    await this.postgres.start(server);
  }

  async startBroker(): Promise<void> {
    const { rabbitMq: program } = this.programs;
    if (program === null) return;
    const { amqp: port, amqpMapper: mapperPort } = this.layout.ports;
    await startRabbitMq({ program, port, mapperPort, folder: join(this.layout.folder, 'rabbitmq') }, this.servers);
  }

  private async startTemporalUi(): Promise<void> {
    const { programs, layout, temporal, servers } = this;
    const web = { program: programs.temporalUi, port: layout.ports.temporalUi, temporalAddress: temporal.address };
    await startTemporalWebUi(web, servers);
  }

  /** Has Temporal give sagas of a service to the build that its first instance runs. */
  private async makeCurrent(service: ServiceName): Promise<void> {
    const build = await this.services.buildOf(service, 1);
    for (const end = Date.now() + SEEN_WITHIN_MS; ; await delay(200)) {
      try {
        return await this.temporal.makeCurrent(service, build); // it hears of a build from those that ask it for work
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  private async startPrimary(server: PostgresServer): Promise<void> {
    if (this.postgres.isNew) await this.postgres.initialise(server);
    await this.postgres.start(server);
    if (!(await this.postgres.isPrimary(server))) await this.postgres.promote(server); // as was being done
  }

  /** Waits until the load balancer gives requests to an order service. */
  private async untilBalanced(name: string): Promise<void> {
    for (const end = Date.now() + SEEN_WITHIN_MS; Date.now() < end; await delay(50)) {
      if ((await this.loadBalancer.statistics()).get(name)?.status.startsWith('UP')) return;
    }
    throw new Error(`HAProxy gives nothing to ${name}: see ${this.layout.folder}/logs.`);
  }
}

/** Stops what has been started of a cluster: the services at once, as each of them drains, and then the rest. */
export async function stopCluster(servers: RecordedServers): Promise<void> {
  servers.refuseStarts();
  await Promise.all(ServiceInstances.all.map(([service, instance]) => servers.end(nameOf(service, instance))));
  await servers.stopAll();
}
