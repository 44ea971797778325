import { setTimeout as delay } from 'node:timers/promises';
import { paymentsDatabaseOf, serviceProgram, SERVICES, type ServiceName } from '@shop/dev/service-program';
import { INSTANCES, type Instance, type Layout } from './layout';
import type { RecordedServers } from './recorded-servers';

const WORKS_WITHIN_MS = 30_000;

/** Longer than the load balancer takes to see that an instance is not ready any more: two checks, half a second apart. */
const DRAIN_TIME = '3s';

export interface ServiceEnvironment {
  amqpUrl: string;
  temporalAddress: string;
  /** What else the services are told, such as how often to sweep. */
  settings: NodeJS.ProcessEnv;
}

/** The shop's database, by the role of the server that a port of the load balancer leads to. */
const database = (port: number): string => `postgresql://postgres:postgres@127.0.0.1:${port}/Ecommerce`;

/** The instances of both services. */
export class ServiceInstances {
  private starts = 0;

  constructor(
    private readonly surroundings: ServiceEnvironment,
    private readonly layout: Layout,
    private readonly servers: RecordedServers,
  ) {}

  urlOf(service: ServiceName, instance: Instance): string {
    return `http://127.0.0.1:${this.layout.ports.services[service][instance]}`;
  }

  /** Starts an instance and waits until it works: until it serves, and takes sagas, too. */
  async start(service: ServiceName, instance: Instance): Promise<void> {
    const { ports } = this.layout;
    const { amqpUrl, temporalAddress, settings } = this.surroundings;
    // Each order service prefers a secondary, so that both have their share.
    const [first, second] = instance % 2 === 1 ? ports.secondaries : ports.secondaries.toReversed();
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
        LISTEN_ADDRESS: '127.0.0.1', // clients come through the load balancer
        ...(service === 'order-management'
          ? { DATABASE_URL: database(ports.primary), DATABASE_READ_URLS: `${database(first)},${database(second)}` }
          : { DATABASE_URL: paymentsDatabaseOf(database(ports.primary)) }),
        AMQP_URL: amqpUrl,
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: 'default',
      },
    });
    await this.servers.start({ ...program, logName: `${name}.${Date.now()}.${++this.starts}` });
  }

  /** Waits until an instance takes work from Temporal. */
  async untilItWorks(service: ServiceName, instance: Instance): Promise<void> {
    for (const end = Date.now() + WORKS_WITHIN_MS; Date.now() < end; await delay(100)) {
      const { checks } = await this.readiness(service, instance).catch(() => ({
        checks: {} as Record<string, string>,
      }));
      if (checks['temporal'] === 'working') return;
    }
    throw new Error(`${nameOf(service, instance)} takes no work from Temporal: see its log.`);
  }

  async end(service: ServiceName, instance: Instance, signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end(nameOf(service, instance), signal);
  }

  /** Which build of the workflows an instance runs. */
  async buildOf(service: ServiceName, instance: Instance): Promise<string> {
    const build = /^build_info\{build_id="([^"]+)"\}/m.exec(await this.metrics(service, instance))?.[1];
    if (build === undefined) throw new Error(`${nameOf(service, instance)} does not tell its build.`);
    return build;
  }

  async readiness(
    service: ServiceName,
    instance: Instance,
  ): Promise<{ ready: boolean; checks: Record<string, string> }> {
    const response = await fetch(`${this.urlOf(service, instance)}/readyz`, { signal: AbortSignal.timeout(3_000) });
    return (await response.json()) as { ready: boolean; checks: Record<string, string> };
  }

  /** What an instance tells Prometheus. */
  async metrics(service: ServiceName, instance: Instance): Promise<string> {
    const response = await fetch(`${this.urlOf(service, instance)}/metrics`, { signal: AbortSignal.timeout(3_000) });
    return response.text();
  }

  /** Both services' instances, one after the other. */
  static get all(): [ServiceName, Instance][] {
    return SERVICES.flatMap((service) => INSTANCES.map((instance): [ServiceName, Instance] => [service, instance]));
  }
}

export const nameOf = (service: ServiceName, instance: Instance): string => `${service}-${instance}`;
