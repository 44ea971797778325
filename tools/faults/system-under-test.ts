import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@shop/dev/postgres';
import { controlRabbitMq, findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import { Servers } from '@shop/dev/servers';
import { paymentsDatabaseOf, serviceProgram, type ServiceName } from '@shop/dev/service-program';
import { SetupError } from '@shop/dev/setup-error';
import { startTemporal } from '@shop/dev/temporal';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { findFreeRange } from './free-ports';
import { Gateways, type Server } from './gateways';
import { countRunningWorkflows } from './temporal-workflows';
import { print } from './test-run';

/** Settings of the services: shorter times than the defaults, so that a test takes minutes. */
const SETTINGS = {
  SWEEP_INTERVAL: '500ms',
  SWEEP_AFTER: '5s',
  PAYMENT_ASKS: '3',
  PAYMENT_TIMEOUT: '5s',
  LOG_LEVEL: 'info',
};

/** The length of the end of Temporal's log that is searched, and how often it must contain the error if the store hangs. */
const LOG_TAIL_LENGTH = 50_000;
const HANG_INTERRUPTIONS = 20;

/** The whole system with two instances of each service, on separate servers and ports, and ways to break each part. */
export class SystemUnderTest {
  private starts = 0;
  /** Whether the database has a separate disk, which a fault can fill. */
  private ownDisk = false;
  /** The way from the services to the servers. The test itself connects to the servers. */
  readonly gateways: Gateways;

  private constructor(
    private readonly servers: Servers,
    private readonly folder: string,
    private readonly programs: { rabbitMq: string; temporal: string },
    private readonly ports: {
      database: number;
      broker: number;
      brokerMapper: number;
      temporal: number;
      gateways: Record<Server, number>;
      services: Record<string, number>;
    },
  ) {
    this.gateways = new Gateways(folder, {
      database: { server: ports.database, gateway: ports.gateways.database },
      broker: { server: ports.broker, gateway: ports.gateways.broker },
      Temporal: { server: ports.temporal, gateway: ports.gateways.Temporal },
    });
  }

  /** Finds or installs the programs that the test needs. @throws {SetupError} if RabbitMQ is missing */
  static async findPrograms(): Promise<{ rabbitMq: string; temporal: string }> {
    const rabbitMq = await findOrInstallRabbitMq(print);
    if (rabbitMq === null) {
      throw new SetupError('The test needs RabbitMQ: install it, so that rabbitmq-server is on the PATH.');
    }
    return { rabbitMq, temporal: await findTemporalCli(print) };
  }

  /** Finds the programs and free ports; starts nothing. @throws {SetupError} if RabbitMQ is missing */
  static async create(folder: string): Promise<SystemUnderTest> {
    const programs = await SystemUnderTest.findPrograms();
    const first = await findFreeRange();
    const services = Object.fromEntries(
      INSTANCES.map(([name, instance], index) => [`${name}-${instance}`, first + index]),
    );
    return new SystemUnderTest(new Servers(join(folder, 'logs')), folder, programs, {
      database: first + 10,
      broker: first + 11,
      brokerMapper: first + 12,
      temporal: first + 13,
      gateways: { database: first + 20, broker: first + 21, Temporal: first + 22 },
      services,
    });
  }

  async start(): Promise<void> {
    this.ownDisk = mountDisk(this.databaseFolder);
    await Promise.all([this.startDatabase(), this.startBroker(), this.startTemporal()]);
    for (const [name, instance] of INSTANCES) await this.startService(name, instance);
  }

  /** The URL for the test itself, whose sessions ignore the defaults that a fault changes. */
  get databaseUrl(): string {
    const settings = ['lock_timeout', 'statement_timeout', 'idle_session_timeout'].map((name) => `-c ${name}=0`);
    const options = encodeURIComponent(settings.join(' '));
    return `postgresql://postgres:postgres@localhost:${this.ports.database}/shop?options=${options}`;
  }

  get amqpUrl(): string {
    return `amqp://guest:guest@localhost:${this.ports.broker}`;
  }

  get temporalAddress(): string {
    return `localhost:${this.ports.temporal}`;
  }

  /** The URLs of all instances of both services. */
  get serviceUrls(): string[] {
    return Object.values(this.ports.services).map((port) => `http://localhost:${port}`);
  }

  /** The REST API of each instance of order-management. */
  get apis(): string[] {
    return [1, 2].map((n) => `http://localhost:${this.ports.services[`order-management-${n}`]}/orderManagement`);
  }

  async startDatabase(): Promise<void> {
    await retryStart(() => startPostgres({ port: this.ports.database, folder: this.databaseFolder }, this.servers));
    await this.gateways.open('database');
  }

  async startBroker(): Promise<void> {
    const { rabbitMq: program } = this.programs;
    await retryStart(() =>
      startRabbitMq(
        { program, port: this.ports.broker, mapperPort: this.ports.brokerMapper, folder: this.brokerFolder },
        this.servers,
      ),
    );
    await this.gateways.open('broker');
  }

  async startTemporal(): Promise<void> {
    const { temporal: cli } = this.programs;
    await retryStart(() =>
      startTemporal({ cli, port: this.ports.temporal, databaseFile: this.temporalStore }, this.servers),
    );
    await this.gateways.open('Temporal');
  }

  async startService(service: ServiceName, instance: number): Promise<void> {
    const name = `${service}-${instance}`;
    const isFirstStart = ++this.starts <= INSTANCES.length;
    const settings = this.gateways.settings({ user: 'postgres:postgres', database: 'shop' });
    const program = serviceProgram({
      service,
      name,
      port: this.ports.services[name]!,
      environment: {
        ...process.env,
        ...SETTINGS,
        ...settings,
        ...(service === 'payment-processing' && { DATABASE_URL: paymentsDatabaseOf(settings.DATABASE_URL) }),
        TEMPORAL_NAMESPACE: 'default',
      },
      readyPath: isFirstStart ? '/readyz' : '/livez', // later, the servers that it needs may be unavailable
    });
    await this.servers.start({ ...program, logName: `${name}.${this.starts}` });
  }

  async endDatabase(signal?: 'SIGKILL'): Promise<void> {
    await this.gateways.close('database');
    await this.servers.end('postgresql', signal);
  }

  async endBroker(signal?: 'SIGKILL'): Promise<void> {
    await this.gateways.close('broker');
    await this.servers.end('rabbitmq', signal);
    await this.servers.end('epmd', signal);
  }

  /** Makes the broker stop reading from publishers, as it does when it runs out of memory, or read again. */
  async blockPublishers(blocked: boolean): Promise<void> {
    await controlRabbitMq(
      { program: this.programs.rabbitMq, folder: this.brokerFolder, mapperPort: this.ports.brokerMapper },
      ['set_vm_memory_high_watermark', blocked ? '0.00001' : '0.4'],
    );
  }

  /** Fills the database's disk completely. @returns false if the database has no separate disk */
  fillDisk(): boolean {
    if (!this.ownDisk) return false;
    const file = openSync(this.filler, 'w');
    const block = Buffer.alloc(64 * 1024);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
    return true;
  }

  /** Frees the space, and restarts the database, which may have stopped for lack of it. */
  async freeDisk(): Promise<void> {
    rmSync(this.filler);
    await this.endDatabase();
    await this.startDatabase();
  }

  async endTemporal(signal?: 'SIGKILL'): Promise<void> {
    await this.gateways.close('Temporal');
    await this.servers.end('temporal', signal);
  }

  /**
   * Restarts Temporal if its store hangs. On an overloaded machine the SQLite store of the development server may report
   * `interrupted (9)` for every statement, until the server is restarted (docs/faults.md).
   */
  async restartTemporalIfStoreHangs(): Promise<void> {
    const log = readFileSync(join(this.folder, 'logs', 'temporal.log'), 'utf8').slice(-LOG_TAIL_LENGTH);
    const interrupted = log.split('interrupted (9)').length - 1;
    if (interrupted < HANG_INTERRUPTIONS) return;
    const answers = await countRunningWorkflows(this.temporalAddress).then(
      () => true,
      () => false,
    );
    if (answers) return;
    print("Temporal's SQLite store hangs: restarting Temporal");
    await this.endTemporal('SIGKILL');
    await this.startTemporal();
  }

  /** Deletes all sagas, running and closed. */
  deleteTemporalStore(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.temporalStore}${suffix}`, { force: true });
  }

  async endService(name: ServiceName, instance: number, signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end(`${name}-${instance}`, signal);
  }

  signalServer(name: 'rabbitmq' | 'temporal', signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.servers.send(name, signal);
  }

  signalService(name: ServiceName, instance: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.servers.send(`${name}-${instance}`, signal);
  }

  /** Stops everything, even during a fault: paused processes continue first. */
  async stop(): Promise<void> {
    this.servers.refuseStarts();
    for (const [name, instance] of INSTANCES) this.signalService(name, instance, 'SIGCONT');
    for (const name of ['rabbitmq', 'temporal'] as const) this.signalServer(name, 'SIGCONT');
    await this.servers.stopAll();
    await this.gateways.stop();
    if (this.ownDisk) execFileSync('umount', [this.databaseFolder]);
  }

  private get brokerFolder(): string {
    return join(this.folder, 'rabbitmq');
  }

  private get databaseFolder(): string {
    return join(this.folder, 'postgresql');
  }

  private get filler(): string {
    return join(this.databaseFolder, 'filler');
  }

  private get temporalStore(): string {
    return join(this.folder, 'temporal.db');
  }
}

const INSTANCES = [
  ['payment-processing', 1],
  ['payment-processing', 2],
  ['order-management', 1],
  ['order-management', 2],
] as const;

/** Mounts a small disk at a folder. @returns whether it could: this needs root on Linux */
function mountDisk(folder: string): boolean {
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512m,mode=0755', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts a server; tries again, because a killed predecessor may hold its lock a little longer. */
async function retryStart(start: () => Promise<unknown>, tries = 5): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await start();
      return;
    } catch (error) {
      if (attempt === tries) throw error;
      await delay(1_000);
    }
  }
}
