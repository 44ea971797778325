import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { paths } from '@shop/openapi/order-management';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import createClient, { type Client } from 'openapi-fetch';
import { eventually } from '../eventually';
import { createDatabase, createNamespace } from '../servers';
import { ServiceProcess } from '../service-process';
import type { Service } from './documents';

/** Both services as processes, with a database and a Temporal namespace of their own. */
export class ServedShop {
  private constructor(
    private readonly database: Awaited<ReturnType<typeof createDatabase>>,
    private readonly services: Record<Service, ServiceProcess>,
  ) {}

  static async start(name: string): Promise<ServedShop> {
    const database = await createDatabase(name);
    const { address, namespace } = await createNamespace(name);
    const shared = {
      AMQP_URL: 'none',
      PAYMENT_CHANNEL: 'activity',
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      LOG_LEVEL: 'warn',
    };
    const [orders, payments] = await Promise.all([
      ServiceProcess.start('order-management', { ...shared, DATABASE_URL: database.url }),
      ServiceProcess.start('payment-processing', { ...shared, DATABASE_URL: `${database.url}?schema=payments` }),
    ]);
    return new ServedShop(database, { 'order-management': orders, 'payment-processing': payments });
  }

  async end(): Promise<void> {
    await ServiceProcess.endAll();
    await this.database.drop();
  }

  /** The URL of the database of order-management. */
  get databaseUrl(): string {
    return this.database.url;
  }

  urlOf(service: Service): string {
    return this.services[service].url;
  }

  /** What a service has logged; warnings and errors only. */
  logOf(service: Service): string {
    return this.services[service].output;
  }

  /** Adds a product of 1,000 units that no order contains. @returns its id */
  async aProduct(): Promise<string> {
    const product = { name: `Mug ${randomUUID()}`, price: 45, quantityAvailable: 1_000, productType: 'Kitchen' };
    const { data } = await this.client.POST('/orderManagement/product', { body: product });
    return data!.productId;
  }

  /** Places an order and waits until it is shipped. @returns its id */
  async aShippedOrder(): Promise<string> {
    const products = [{ productId: await this.aProduct(), orderedQuantity: 1 }];
    const { customerId } = PREDEFINED_CUSTOMER;
    const { data } = await this.client.POST('/orderManagement/order', { body: { customerId, products } });
    const { orderId } = data!;
    await eventually(async () => {
      const read = await this.client.GET('/orderManagement/order/{id}', { params: { path: { id: orderId } } });
      expect(read.data?.orderStatus).toBe('shipped');
    });
    return orderId;
  }

  /** Places an order and waits until it is paid and shipped. @returns the id of its payment */
  async aPayment(): Promise<string> {
    const orderId = await this.aShippedOrder();
    const response = await fetch(`${this.urlOf('payment-processing')}/paymentProcessing/payments?order_id=${orderId}`);
    const [payment] = (await response.json()) as [{ paymentId: string }];
    return payment.paymentId;
  }

  private get client(): Client<paths> {
    return createClient<paths>({ baseUrl: this.urlOf('order-management') });
  }
}
