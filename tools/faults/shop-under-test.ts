import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { controlRabbitMq, findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import { Servers } from '@shop/dev/servers';
import { paymentsDatabaseOf, serviceProgram, type ServiceName } from '@shop/dev/service-program';
import { startTemporal } from '@shop/dev/temporal';
import { findTemporalCli } from '@shop/dev/temporal-cli';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const SETTINGS = {
  SWEEP_INTERVAL: '500ms',
  SWEEP_AFTER: '5s',
  PAYMENT_ASKS: '3',
  PAYMENT_TIMEOUT: '5s',
  LOG_LEVEL: 'info',
};

/** The whole system, two instances of each service, on servers and ports of its own, each part of which can be broken. */
export class ShopUnderTest {
  private starts = 0;
  /** Whether the database has a disk of its own, which can be filled. */
  private ownDisk = false;

  private constructor(
    private readonly servers: Servers,
    private readonly folder: string,
    private readonly programs: { rabbitMq: string; temporal: string },
    private readonly ports: {
      database: number;
      broker: number;
      brokerMapper: number;
      temporal: number;
      services: Record<string, number>;
    },
  ) {}

  /** Finds the programs that it takes, and ports for them; starts nothing. */
  static async at(folder: string): Promise<ShopUnderTest> {
    const rabbitMq = await findOrInstallRabbitMq(say);
    if (rabbitMq === null) throw new Error('This needs RabbitMQ: install it, so that rabbitmq-server is on the PATH.');
    const services: Record<string, number> = {};
    for (const [name, instance] of INSTANCES) services[`${name}-${instance}`] = await freePort();
    return new ShopUnderTest(
      new Servers(join(folder, 'logs')),
      folder,
      { rabbitMq, temporal: await findTemporalCli(say) },
      {
        database: await freePort(),
        broker: await freePort(),
        brokerMapper: await freePort(),
        temporal: await freePort(),
        services,
      },
    );
  }

  async start(): Promise<void> {
    this.ownDisk = mountDisk(this.databaseFolder);
    await Promise.all([this.startDatabase(), this.startBroker(), this.startTemporal()]);
    for (const [name, instance] of INSTANCES) await this.startService(name, instance);
  }

  get databaseUrl(): string {
    return `postgresql://postgres:postgres@localhost:${this.ports.database}/shop`;
  }

  get amqpUrl(): string {
    return `amqp://guest:guest@localhost:${this.ports.broker}`;
  }

  get temporalAddress(): string {
    return `localhost:${this.ports.temporal}`;
  }

  /** Of every instance of both services. */
  get serviceUrls(): string[] {
    return Object.values(this.ports.services).map((port) => `http://localhost:${port}`);
  }

  /** Where each order service answers. */
  get apis(): string[] {
    return [1, 2].map((n) => `http://localhost:${this.ports.services[`order-management-${n}`]}/orderManagement`);
  }

  async startDatabase(): Promise<void> {
    await untilItStarts(() => startPostgres({ port: this.ports.database, folder: this.databaseFolder }, this.servers));
  }

  async startBroker(): Promise<void> {
    const { rabbitMq: program } = this.programs;
    await untilItStarts(() =>
      startRabbitMq(
        { program, port: this.ports.broker, mapperPort: this.ports.brokerMapper, folder: this.brokerFolder },
        this.servers,
      ),
    );
  }

  async startTemporal(): Promise<void> {
    const { temporal: cli } = this.programs;
    await untilItStarts(() =>
      startTemporal({ cli, port: this.ports.temporal, databaseFile: this.temporalStore }, this.servers),
    );
  }

  async startService(service: ServiceName, instance: number): Promise<void> {
    const name = `${service}-${instance}`;
    const isFirstStart = ++this.starts <= INSTANCES.length;
    const program = serviceProgram({
      service,
      name,
      port: this.ports.services[name]!,
      environment: {
        ...process.env,
        ...SETTINGS,
        DATABASE_URL: service === 'payment-processing' ? paymentsDatabaseOf(this.databaseUrl) : this.databaseUrl,
        AMQP_URL: this.amqpUrl,
        TEMPORAL_ADDRESS: this.temporalAddress,
        TEMPORAL_NAMESPACE: 'default',
      },
      readyPath: isFirstStart ? '/readyz' : '/livez', // later, the servers that it needs may be unavailable
    });
    await this.servers.start({ ...program, logName: `${name}.${this.starts}` });
  }

  async endDatabase(signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end('postgresql', signal);
  }

  async endBroker(signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end('rabbitmq', signal);
    await this.servers.end('epmd', signal);
  }

  /** Has the broker stop reading from whoever publishes, as it does when it runs out of memory; or go on. */
  async blockBroker(blocked: boolean): Promise<void> {
    await controlRabbitMq(
      { program: this.programs.rabbitMq, folder: this.brokerFolder, mapperPort: this.ports.brokerMapper },
      ['set_vm_memory_high_watermark', blocked ? '0.00001' : '0.4'],
    );
  }

  /** Leaves the database no space at all. @returns false where it has no disk of its own */
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

  /** Gives the space back; a database that could not bear it is started again. */
  async freeDisk(): Promise<void> {
    rmSync(this.filler);
    await this.endDatabase();
    await this.startDatabase();
  }

  async endTemporal(signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end('temporal', signal);
  }

  /** Every saga, running or closed, is gone; what the orders say is all that is left. */
  loseTemporalStore(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.temporalStore}${suffix}`, { force: true });
  }

  async endService(name: ServiceName, instance: number, signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end(`${name}-${instance}`, signal);
  }

  sendToServer(name: 'rabbitmq' | 'temporal', signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.servers.send(name, signal);
  }

  sendToService(name: ServiceName, instance: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.servers.send(`${name}-${instance}`, signal);
  }

  /** Stops all of it, whatever is being done to it at the time. */
  async stop(): Promise<void> {
    this.servers.refuseStarts();
    for (const [name, instance] of INSTANCES) this.sendToService(name, instance, 'SIGCONT');
    for (const name of ['rabbitmq', 'temporal'] as const) this.sendToServer(name, 'SIGCONT');
    await this.servers.stopAll();
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

/** Gives a folder a small disk of its own, where this is root on Linux. @returns whether it has one */
function mountDisk(folder: string): boolean {
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512m,mode=0755', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // without the right to mount
  }
}

/** What was killed may hold its lock for a moment yet. */
async function untilItStarts(start: () => Promise<unknown>, tries = 5): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await start();
      return;
    } catch (error) {
      if (attempt === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}
