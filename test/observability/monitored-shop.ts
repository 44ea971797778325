import { setTimeout as delay } from 'node:timers/promises';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { freePort } from '@shop/dev/ports';
import type { ServiceName } from '@shop/dev/service-program';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { Queues } from '../queues';
import { createNamespace, virtualHostUrl, type VIRTUAL_HOSTS } from '../servers';
import { ServiceProcess } from '../service-process';
import { TcpProxy } from '../tcp-proxy';

export interface MonitoredShopOptions {
  virtualHost: (typeof VIRTUAL_HOSTS)[number];
  /** The URL of an empty database. */
  databaseUrl: string;
  /** The URLs of its secondaries. */
  readUrls: string[];
  maxUnsettled: number;
}

/** Both services as processes. The servers that they use are behind proxies, with which a test causes outages. */
export class MonitoredShop {
  private readonly services = new Map<ServiceName, ServiceProcess>();
  private readonly placing = new AbortController();
  private load: Promise<void> = Promise.resolve();
  private productId = '';

  private constructor(
    readonly database: TcpProxy,
    readonly broker: TcpProxy,
    readonly temporal: TcpProxy,
    readonly queues: Queues,
    readonly temporalAddress: { address: string; namespace: string },
    private readonly environments: Record<ServiceName, NodeJS.ProcessEnv>,
  ) {}

  /** Starts the services, and waits until they are ready and a product can be ordered. */
  static async start(options: MonitoredShopOptions): Promise<MonitoredShop> {
    const queues = await Queues.open(virtualHostUrl(options.virtualHost));
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
    const temporalAddress = await createNamespace(options.virtualHost);
    const [database, broker, temporal] = await Promise.all([
      TcpProxy.to(options.databaseUrl),
      TcpProxy.to(virtualHostUrl(options.virtualHost)),
      TcpProxy.to(`tcp://${temporalAddress.address}`),
    ]);
    const shared = {
      AMQP_URL: broker.url,
      TEMPORAL_ADDRESS: new URL(temporal.url).host,
      TEMPORAL_NAMESPACE: temporalAddress.namespace,
      LOG_LEVEL: 'warn',
    };
    const shop = new MonitoredShop(database, broker, temporal, queues, temporalAddress, {
      'order-management': {
        ...shared,
        DATABASE_URL: database.url,
        DATABASE_READ_URLS: options.readUrls.join(','),
        MAX_UNSETTLED: String(options.maxUnsettled),
        MANAGEMENT_PORT: String(await freePort()),
      },
      'payment-processing': {
        ...shared,
        DATABASE_URL: `${database.url}?schema=payments`,
        MANAGEMENT_PORT: String(await freePort()),
      },
    });
    await Promise.all([shop.startService('order-management'), shop.startService('payment-processing')]);
    const { productId } = await shop.orders.request<{ productId: string }>('POST', '/product', {
      name: 'Mug',
      price: 5,
      quantityAvailable: 1_000_000,
      productType: 'Kitchen',
    });
    shop.productId = productId;
    return shop;
  }

  /** The addresses that Prometheus scrapes. */
  get targets(): Record<string, string[]> {
    return Object.fromEntries(
      Object.entries(this.environments).map(([job, { MANAGEMENT_PORT }]) => [job, [`localhost:${MANAGEMENT_PORT}`]]),
    );
  }

  get orders(): ServiceProcess {
    return this.services.get('order-management')!;
  }

  get payments(): ServiceProcess {
    return this.services.get('payment-processing')!;
  }

  async startService(service: ServiceName): Promise<void> {
    this.services.set(service, await ServiceProcess.start(service, this.environments[service]));
  }

  async killService(service: ServiceName): Promise<void> {
    await this.services.get(service)?.end('SIGKILL');
  }

  /** Places an order of some mugs at 5 dollars each, and returns the response, whatever its status. */
  async place(orderedQuantity = 1): Promise<Response> {
    return fetch(`${this.orders.url}/orderManagement/order`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        customerId: PREDEFINED_CUSTOMER.customerId,
        products: [{ productId: this.productId, orderedQuantity }],
      }),
      signal: AbortSignal.timeout(10_000),
    });
  }

  /** Places an order every `everyMs` milliseconds until `stop`, whatever happens to them. */
  keepPlacing(everyMs: number): void {
    const { signal } = this.placing;
    const placeOne = (): Promise<unknown> => this.place().catch(() => undefined);
    this.load = (async () => {
      const open: Promise<unknown>[] = [];
      while (!signal.aborted) {
        open.push(placeOne());
        await delay(everyMs, undefined, { signal }).catch(() => undefined);
      }
      await Promise.all(open);
    })();
  }

  async stop(): Promise<void> {
    this.placing.abort();
    await this.load;
    await ServiceProcess.endAll();
    await Promise.all([this.database.close(), this.broker.close(), this.temporal.close(), this.queues.close()]);
  }
}
