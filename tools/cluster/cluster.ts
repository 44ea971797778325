import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Print } from '@shop/dev/progress';
import { startRabbitMq } from '@shop/dev/rabbitmq';
import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import { SetupError } from '@shop/dev/setup-error';
import { configurationFile, INSTANCES, type Instance, type Layout, type PostgresServer } from './layout';
import { LoadBalancer } from './load-balancer';
import { PostgresServers } from './postgres-servers';
import { findOrInstallPrograms } from './programs';
import { RecordedServers } from './recorded-servers';
import { readRoles, rolesFile, writeRoles, type Roles } from './roles';
import { nameOf, ServiceInstances } from './service-instances';
import { TemporalServer } from './temporal-server';
import { startTemporalWebUi } from './temporal-web-ui';

/** How long Temporal and HAProxy may take to notice a new instance. */
const DETECTION_TIMEOUT_MS = 15_000;

export interface ClusterSettings {
  /** The URL of a running broker, which the cluster then uses instead of starting one. */
  amqpUrl?: string | undefined;
  /** Further environment variables of the services. */
  services?: NodeJS.ProcessEnv;
}

/**
 * The whole system on one machine, in the shape that it has on several: a load balancer, three instances of each service,
 * a PostgreSQL primary with two secondaries, RabbitMQ, and Temporal with its store in PostgreSQL.
 */
export class Cluster {
  private constructor(
    private readonly layout: Layout,
    readonly servers: RecordedServers,
    private readonly programs: { rabbitMq: string | null; temporalUi: string },
    readonly postgres: PostgresServers,
    readonly loadBalancer: LoadBalancer,
    readonly temporal: TemporalServer,
    readonly services: ServiceInstances,
    readonly amqpUrl: string,
  ) {}

  /** Finds, installs or builds the programs; starts nothing. @throws {SetupError} if a program is not available */
  static async create(layout: Layout, settings: ClusterSettings, print: Print): Promise<Cluster> {
    const servers = new RecordedServers(layout.folder);
    const programs = await findOrInstallPrograms({ ownBroker: settings.amqpUrl === undefined }, print);
    const temporal = new TemporalServer(programs.temporal, layout.ports, servers);
    const amqpUrl = settings.amqpUrl ?? `amqp://guest:guest@127.0.0.1:${layout.ports.amqp}`;
    const environment = { amqpUrl, temporalAddress: temporal.address, settings: settings.services ?? {} };
    return new Cluster(
      layout,
      servers,
      programs,
      await PostgresServers.create(programs.postgres, layout, servers),
      new LoadBalancer(programs.haproxy, layout, servers),
      temporal,
      new ServiceInstances(environment, layout, servers),
      amqpUrl,
    );
  }

  get url(): string {
    return `http://localhost:${this.layout.ports.orders}/orderManagement`;
  }

  /** The URL of the shop's database on the current primary. */
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

  /** Starts the servers that are not running. */
  async start(print: Print): Promise<void> {
    const { roles } = this;
    if (!this.postgres.isNew && !existsSync(rolesFile(this.layout))) {
      throw new SetupError(
        `${this.postgres.folder} contains PostgreSQL data, but ${rolesFile(this.layout)}, which names the primary, is missing. ` +
          `Write that file like ${configurationFile('postgresql-roles.map')}, or remove the data.`,
      );
    }
    this.roles = roles;
    await Promise.all([this.loadBalancer.start(), this.startBroker(), this.startPrimary(roles.primary)]);
    const broker = this.programs.rabbitMq ? 'RabbitMQ, ' : '';
    print(`Running: HAProxy, ${broker}and the PostgreSQL primary, postgres-${roles.primary}`);
    await this.loadBalancer.routeByRoles(roles); // HAProxy may have started before an interrupted switch-over
    for (const secondary of roles.secondaries) await this.startSecondary(secondary);
    await this.postgres.waitUntilStreaming(roles.primary, roles.secondaries.length);
    const secondaries = roles.secondaries.map((server) => `postgres-${server}`).join(' and ');
    print(`Running: the PostgreSQL secondaries, ${secondaries}; both are streaming`);
    await this.temporal.start();
    await this.startTemporalUi();
    print(`Running: Temporal on PostgreSQL; its Web UI is at ${this.temporalUiUrl}`);
    for (const service of SERVICES) {
      await Promise.all(INSTANCES.map((instance) => this.services.start(service, instance)));
      await Promise.all(INSTANCES.map((instance) => this.services.waitUntilWorking(service, instance)));
      await this.makeCurrent(service);
      print(`Running: ${INSTANCES.length} instances of ${service}`);
    }
    for (const instance of INSTANCES) {
      const name = nameOf('order-management', instance);
      await this.loadBalancer.setEnabled(name, true); // an interrupted restart may have disabled it
      await this.waitUntilBalanced(name);
    }
  }

  /** Stops the servers that the cluster has started, and no others. */
  async stop(): Promise<void> {
    await stopCluster(this.servers);
  }

  /** Restarts the services one instance at a time. The next restart begins only after the previous instance works again. */
  async restartServices(print: Print): Promise<void> {
    for (const service of SERVICES) {
      for (const instance of INSTANCES) {
        await this.restart(service, instance);
        print(`Restarted ${nameOf(service, instance)}: build ${await this.services.buildOf(service, instance)}`);
      }
    }
  }

  private async restart(service: ServiceName, instance: Instance): Promise<void> {
    const name = nameOf(service, instance);
    const isBalanced = service === 'order-management';
    await this.services.end(service, instance);
    // The first instance of a new build receives no orders until its build is current: an instance runs the first
    // workflow task of the sagas that it starts, and the old build would have to continue what the new one has begun.
    const isFirst = instance === INSTANCES[0];
    if (isFirst && isBalanced) await this.loadBalancer.setEnabled(name, false);
    await this.services.start(service, instance);
    await this.services.waitUntilWorking(service, instance);
    if (isFirst) await this.makeCurrent(service);
    if (!isBalanced) return;
    await this.loadBalancer.setEnabled(name, true);
    await this.waitUntilBalanced(name);
  }

  /**
   * Starts a secondary. Copies it from the primary first if it has no data, has missed too much, was a primary, or if
   * `recreate` is set.
   */
  async startSecondary(server: PostgresServer, { recreate = false } = {}): Promise<void> {
    const { primary } = this.roles;
    if (!recreate && this.postgres.isSecondary(server) && (await this.postgres.follow(primary, server))) return;
    await this.postgres.end(server);
    await this.postgres.copy(primary, server);
    await this.postgres.start(server);
  }

  private async startBroker(): Promise<void> {
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

  /** Makes the build of a service's first instance current: Temporal then gives all its sagas to that build. */
  private async makeCurrent(service: ServiceName): Promise<void> {
    const build = await this.services.buildOf(service, 1);
    for (const end = Date.now() + DETECTION_TIMEOUT_MS; ; await delay(200)) {
      try {
        return await this.temporal.makeCurrent(service, build); // fails until a worker of the build has polled Temporal
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  private async startPrimary(server: PostgresServer): Promise<void> {
    if (this.postgres.isNew) await this.postgres.initialise(server);
    await this.postgres.start(server);
    if (!(await this.postgres.isPrimary(server))) await this.postgres.promote(server); // completes a switch-over
  }

  /** Waits until HAProxy gives requests to an order service. */
  private async waitUntilBalanced(name: string): Promise<void> {
    for (const end = Date.now() + DETECTION_TIMEOUT_MS; Date.now() < end; await delay(50)) {
      if ((await this.loadBalancer.statistics()).get(name)?.status.startsWith('UP')) return;
    }
    throw new Error(`HAProxy does not consider ${name} ready: see ${this.layout.folder}/logs.`);
  }
}

/** Stops the running servers of a cluster: the services in parallel, since each drains for some seconds, then the rest. */
export async function stopCluster(servers: RecordedServers): Promise<void> {
  servers.refuseStarts();
  await Promise.all(ServiceInstances.all.map(([service, instance]) => servers.end(nameOf(service, instance))));
  await servers.stopAll();
}
