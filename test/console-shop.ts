import { freePort } from '@shop/dev/ports';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createApiKey, formatApiKey } from '@shop/runtime/access/api-key';
import { insertApiKey } from '@shop/runtime/access/api-key-store';
import type { Role } from '@shop/runtime/access/role';
import { expect } from '@jest/globals';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, virtualHostUrl, type VIRTUAL_HOSTS } from './servers';
import { ServiceProcess } from './service-process';

/** Both services as processes, with the console, a database, a virtual host and a namespace of their own. */
export class ConsoleShop {
  private constructor(
    readonly orders: ServiceProcess,
    readonly payments: ServiceProcess,
    readonly queues: Queues,
    readonly client: OrdersClient,
    private readonly database: Awaited<ReturnType<typeof createDatabase>>,
    /** The settings of order-management. */
    private readonly settings: NodeJS.ProcessEnv,
  ) {}

  static async start(name: (typeof VIRTUAL_HOSTS)[number], settings: NodeJS.ProcessEnv = {}): Promise<ConsoleShop> {
    const database = await createDatabase(name);
    const { address, namespace } = await createNamespace(name);
    const [orderPort, paymentPort] = [await freePort(), await freePort()];
    const shared = {
      AMQP_URL: virtualHostUrl(name),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      LOG_LEVEL: 'info',
      ...settings,
    };
    const orderSettings = {
      ...shared,
      DATABASE_URL: database.url,
      PAYMENT_API_ORIGIN: `http://localhost:${paymentPort}`,
    };
    const [orders, payments] = await Promise.all([
      ServiceProcess.start('order-management', { ...orderSettings, PORT: String(orderPort) }),
      ServiceProcess.start('payment-processing', {
        ...shared,
        PORT: String(paymentPort),
        DATABASE_URL: `${database.url}?schema=payments`,
        CORS_ORIGINS: `http://localhost:${orderPort}`,
      }),
    ]);
    const queues = await Queues.open(virtualHostUrl(name));
    const client = connectOrders(database.url, { poolSize: 2 });
    return new ConsoleShop(orders, payments, queues, client, database, orderSettings);
  }

  async end(): Promise<void> {
    await this.queues.close();
    await this.client.$disconnect();
    await ServiceProcess.endAll();
    await this.database.drop();
  }

  /** Starts another instance of order-management, which requires API keys. */
  startGuarded(): Promise<ServiceProcess> {
    return ServiceProcess.start('order-management', { ...this.settings, AUTH: 'api-keys' });
  }

  /** Creates an API key of order-management. */
  async anApiKey(role: Role): Promise<string> {
    const key = createApiKey();
    const customerId = role === 'customer' ? PREDEFINED_CUSTOMER.customerId : null;
    await insertApiKey(this.client, key, { name: 'test', role, customerId, expiresAt: null });
    return formatApiKey(key);
  }

  /** Adds a product at $45. @returns its id */
  async aProduct(name: string, quantityAvailable = 1_000): Promise<string> {
    const product = { name, price: 45, quantityAvailable, productType: 'Kitchen' };
    return (await this.orders.request<{ productId: string }>('POST', '/product', product)).productId;
  }

  /** Places an order of the predefined customer. @returns its id */
  async place(productId: string, orderedQuantity: number): Promise<string> {
    const body = { customerId: PREDEFINED_CUSTOMER.customerId, products: [{ productId, orderedQuantity }] };
    return (await this.orders.request<{ orderId: string }>('POST', '/order', body)).orderId;
  }

  async becomes(orderId: string, orderStatus: string): Promise<void> {
    await eventually(async () =>
      expect(await this.orders.request('GET', `/order/${orderId}`)).toMatchObject({ orderStatus }),
    );
  }

  /** Reads the steps of an order, the oldest first. */
  async stepsOf(orderId: string): Promise<string[]> {
    const history = await this.orders.request<{ step: string }[]>('GET', `/order/${orderId}/history`);
    return history.map(({ step }) => step);
  }

  async placeShipped(productId: string): Promise<string> {
    const orderId = await this.place(productId, 1);
    await this.becomes(orderId, 'shipped');
    return orderId;
  }
}
