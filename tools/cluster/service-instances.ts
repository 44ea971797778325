import { setTimeout as delay } from 'node:timers/promises';
import { paymentsDatabaseOf, serviceProgram, SERVICES, type ServiceName } from '@shop/dev/service-program';
import { INSTANCES, type Instance, type Layout } from './layout';
import type { RecordedServers } from './recorded-servers';

const WORK_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 3_000;

/** Longer than HAProxy takes to notice that an instance is not ready: two failed checks, 500 ms apart. */
const DRAIN_TIME = '3s';

/** The addresses and settings that all instances share. */
export interface InstanceEnvironment {
  amqpUrl: string;
  temporalAddress: string;
  /** Further environment variables of the services, such as SWEEP_INTERVAL. */
  settings: NodeJS.ProcessEnv;
}

export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** Returns the URL of the shop's database on a port of HAProxy, which leads to the server that has the port's role. */
const databaseOn = (port: number): string => `postgresql://postgres:postgres@127.0.0.1:${port}/Ecommerce`;

/** The instances of both services. */
export class ServiceInstances {
  private starts = 0;

  constructor(
    private readonly environment: InstanceEnvironment,
    private readonly layout: Layout,
    private readonly servers: RecordedServers,
  ) {}

  urlOf(service: ServiceName, instance: Instance): string {
    return `http://127.0.0.1:${this.layout.ports.services[service][instance]}`;
  }

  /** Starts an instance and waits until it is ready to serve. */
  async start(service: ServiceName, instance: Instance): Promise<void> {
    const { ports } = this.layout;
    const { amqpUrl, temporalAddress, settings } = this.environment;
    // Odd and even instances prefer different secondaries, so that both receive reads.
    const [first, second] = instance % 2 === 1 ? ports.secondaries : ports.secondaries.toReversed();
    const primaryUrl = databaseOn(ports.primary);
    const name = nameOf(service, instance);
    const program = serviceProgram({
      service,
      name,
      port: ports.services[service][instance],
      environment: {
        ...process.env,
        WORKER_VERSIONING: 'on',
        DRAIN_TIME,
        ...settings,
        LISTEN_ADDRESS: '127.0.0.1', // clients connect to HAProxy, which does not forward /metrics
        MANAGEMENT_PORT: 'same',
        ...(service === 'order-management'
          ? { DATABASE_URL: primaryUrl, DATABASE_READ_URLS: `${databaseOn(first)},${databaseOn(second)}` }
          : { DATABASE_URL: paymentsDatabaseOf(primaryUrl) }),
        AMQP_URL: amqpUrl,
        // Already read, or not used here.
        DATABASE_URL_FILE: '',
        DATABASE_READ_URLS_FILE: '',
        AMQP_URL_FILE: '',
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: 'default',
        PAYMENT_API_ORIGIN: 'same', // HAProxy serves both services
        TEMPORAL_CONFIG_FILE: '', // a profile is for another server
        TEMPORAL_PROFILE: '',
        TEMPORAL_UI_URL: `http://localhost:${ports.temporalUi}`,
      },
    });
    await this.servers.start({ ...program, logName: `${name}.${Date.now()}.${++this.starts}` });
  }

  /** Waits until an instance polls Temporal for tasks. @throws {Error} if it does not within 30 s */
  async waitUntilWorking(service: ServiceName, instance: Instance): Promise<void> {
    for (const end = Date.now() + WORK_TIMEOUT_MS; Date.now() < end; await delay(100)) {
      const readiness = await this.readiness(service, instance).catch(() => null);
      if (readiness?.checks['temporal'] === 'working') return;
    }
    throw new Error(`${nameOf(service, instance)} does not poll Temporal for tasks: see its log.`);
  }

  async end(service: ServiceName, instance: Instance, signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end(nameOf(service, instance), signal);
  }

  /** Returns the build that an instance runs. @throws {Error} if its metrics do not contain it */
  async buildOf(service: ServiceName, instance: Instance): Promise<string> {
    const build = /^build_info\{build_id="([^"]+)"\}/m.exec(await this.metrics(service, instance))?.[1];
    if (build === undefined) throw new Error(`${nameOf(service, instance)} has no build_info in its metrics.`);
    return build;
  }

  async readiness(service: ServiceName, instance: Instance): Promise<Readiness> {
    return (await (await this.get(service, instance, '/readyz')).json()) as Readiness;
  }

  /** Returns the metrics of an instance as text, in Prometheus' format. */
  async metrics(service: ServiceName, instance: Instance): Promise<string> {
    return (await this.get(service, instance, '/metrics')).text();
  }

  private get(service: ServiceName, instance: Instance, path: string): Promise<Response> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return fetch(`${this.urlOf(service, instance)}${path}`, { signal });
  }

  /** All instances, in the order in which they start. */
  static get all(): [ServiceName, Instance][] {
    return SERVICES.flatMap((service) => INSTANCES.map((instance): [ServiceName, Instance] => [service, instance]));
  }
}

export const nameOf = (service: ServiceName, instance: Instance): string => `${service}-${instance}`;
