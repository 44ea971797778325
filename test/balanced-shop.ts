import { rmSync } from 'node:fs';
import { expect } from '@jest/globals';
import { layoutOf, type Layout } from '@shop/cluster/layout';
import { LoadBalancer } from '@shop/cluster/load-balancer';
import { findHaproxy } from '@shop/cluster/programs';
import { RecordedServers } from '@shop/cluster/recorded-servers';
import { writeRoles } from '@shop/cluster/roles';
import { freePort } from '@shop/dev/ports';
import { paymentsDatabaseOf } from '@shop/dev/service-program';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { connectOrders, connectPayments, type OrdersClient, type PaymentsClient } from '@shop/prisma/clients';
import { createApiKey, formatApiKey, parseApiKey } from '@shop/runtime/access/api-key';
import { insertApiKey, revokeApiKey, type NewApiKey } from '@shop/runtime/access/api-key-store';
import { callService } from './call';
import { eventually } from './eventually';
import { createDatabase, createNamespace, virtualHostUrl, type VIRTUAL_HOSTS } from './servers';
import { ServiceProcess } from './service-process';
import { TcpProxy } from './tcp-proxy';
import { temporaryFolder } from './temporary-folder';

/** The names of the instances of order-management in the header `X-Served-By` of HAProxy. */
const INSTANCES = ['order-management-1', 'order-management-2'] as const;
export type OrderInstance = (typeof INSTANCES)[number];

/** Two instances of order-management and one of payment-processing behind HAProxy. They reach their servers by proxies. */
export class BalancedShop {
  /** The credential of the shop's own requests, for services that require one. */
  credential: string | null = null;

  private constructor(
    /** Where a browser reaches both services. */
    readonly url: string,
    readonly instances: Record<OrderInstance, ServiceProcess>,
    readonly payments: ServiceProcess,
    readonly proxies: Record<'database' | 'broker' | 'temporal', TcpProxy>,
    private readonly clients: [OrdersClient, PaymentsClient],
    private readonly startInstance: (name: OrderInstance) => Promise<ServiceProcess>,
    private readonly release: () => Promise<void>,
  ) {}

  /** @param settings further environment variables of all instances */
  static async start(name: (typeof VIRTUAL_HOSTS)[number], settings: NodeJS.ProcessEnv = {}): Promise<BalancedShop> {
    const database = await createDatabase(name);
    const { address, namespace } = await createNamespace(name);
    const proxies = {
      database: await TcpProxy.to(database.url),
      broker: await TcpProxy.to(virtualHostUrl(name)),
      temporal: await TcpProxy.to(`http://${address}`),
    };
    const shared = {
      AMQP_URL: proxies.broker.url,
      TEMPORAL_ADDRESS: new URL(proxies.temporal.url).host,
      TEMPORAL_NAMESPACE: namespace,
      LOG_LEVEL: 'info',
      ...settings,
    };
    const layout = await freeLayout(name);
    const { 'order-management': ports, 'payment-processing': paymentPorts } = layout.ports.services;
    const startInstance = (instance: OrderInstance): Promise<ServiceProcess> =>
      ServiceProcess.start('order-management', {
        ...shared,
        PORT: String(ports[instance === 'order-management-1' ? 1 : 2]),
        DATABASE_URL: proxies.database.url,
        PAYMENT_API_ORIGIN: 'same',
        SWEEP_INTERVAL: '300ms',
        SWEEP_AFTER: '1s',
      });
    const balancer = new RecordedServers(layout.folder);
    const haproxy = new LoadBalancer(findHaproxy() ?? 'haproxy', layout, balancer);
    const clients: [OrdersClient, PaymentsClient] = [
      connectOrders(database.url, { poolSize: 2 }),
      connectPayments(paymentsDatabaseOf(database.url), { poolSize: 2 }),
    ];
    const release = async (): Promise<void> => {
      await ServiceProcess.endAll();
      await balancer.stopAll();
      for (const proxy of Object.values(proxies)) await proxy.close();
      for (const client of clients) await client.$disconnect();
      await database.drop();
      rmSync(layout.folder, { recursive: true });
    };
    const [first, second, payments] = await Promise.all([
      startInstance('order-management-1'),
      startInstance('order-management-2'),
      ServiceProcess.start('payment-processing', {
        ...shared,
        PORT: String(paymentPorts[1]),
        DATABASE_URL: paymentsDatabaseOf(proxies.database.url),
      }),
      haproxy.start(),
    ]).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    const url = `http://localhost:${layout.ports.orders}`;
    // HAProxy checks the instances every 500 ms. Until then it answers 503.
    await eventually(async () => {
      const statistics = await haproxy.statistics();
      for (const server of [...INSTANCES, 'payment-processing-1']) expect(statistics.get(server)?.status).toBe('UP');
      expect((await fetch(`${url}/orderManagement/products`)).status).toBe(200);
    });
    const instances = { 'order-management-1': first, 'order-management-2': second };
    return new BalancedShop(url, instances, payments, proxies, clients, startInstance, release);
  }

  end(): Promise<void> {
    return this.release();
  }

  /** Starts an instance that has ended, on its port, and waits until the load balancer considers it ready. */
  async restart(name: OrderInstance): Promise<void> {
    this.instances[name] = await this.startInstance(name);
    await eventually(() => this.request('GET', '/products'));
  }

  /** Creates the same API key for both services, or only for order-management. @returns the key */
  async anApiKey({ isOfOrders = false, ...more }: Partial<NewApiKey> & { isOfOrders?: boolean } = {}): Promise<string> {
    const key = createApiKey();
    const created = { name: 'test', role: 'operator' as const, customerId: null, expiresAt: null, ...more };
    for (const client of isOfOrders ? this.clients.slice(0, 1) : this.clients) await insertApiKey(client, key, created);
    return formatApiKey(key);
  }

  async revoke(apiKey: string): Promise<void> {
    for (const client of this.clients) await revokeApiKey(client, parseApiKey(apiKey)!.prefix);
  }

  /** Sends a request to order-management. @throws {Error} if the answer is not a success */
  async request<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = this.credential === null ? {} : { Authorization: `Bearer ${this.credential}` };
    const answer = await callService(this, method, `/orderManagement${path}`, body, headers);
    expect(answer.status).toBe(method === 'POST' ? 201 : 200);
    return answer.body as T;
  }

  /** Adds a product at $45. @returns its id */
  async aProduct(name: string): Promise<string> {
    const product = { name, price: 45, quantityAvailable: 1_000, productType: 'Kitchen' };
    return (await this.request<{ productId: string }>('POST', '/product', product)).productId;
  }

  /** Places an order for one unit. @returns its id */
  async place(productId: string, { customerId }: { customerId: string } = PREDEFINED_CUSTOMER): Promise<string> {
    const body = { customerId, products: [{ productId, orderedQuantity: 1 }] };
    return (await this.request<{ orderId: string }>('POST', '/order', body)).orderId;
  }

  async becomes(orderId: string, orderStatus: string): Promise<void> {
    await eventually(async () => expect(await this.request('GET', `/order/${orderId}`)).toMatchObject({ orderStatus }));
  }

  /** Places an order for one unit, and waits until it is shipped. @returns its id */
  async placeShipped(productId: string, customer = PREDEFINED_CUSTOMER): Promise<string> {
    const orderId = await this.place(productId, customer);
    await this.becomes(orderId, 'shipped');
    return orderId;
  }
}

/** Chooses free ports for the load balancer and the instances. It routes no PostgreSQL connections. */
async function freeLayout(name: string): Promise<Layout> {
  const layout = layoutOf(temporaryFolder(name), 0);
  const { services } = layout.ports;
  Object.assign(layout.ports, {
    orders: await freePort(),
    statistics: await freePort(),
    primary: await freePort(),
    secondaries: [await freePort(), await freePort()],
  });
  services['order-management'] = { 1: await freePort(), 2: await freePort(), 3: await freePort() };
  services['payment-processing'] = { 1: await freePort(), 2: await freePort(), 3: await freePort() };
  writeRoles(layout, { primary: 1, secondaries: [2, 3] });
  return layout;
}
