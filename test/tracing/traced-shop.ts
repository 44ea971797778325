import { expect } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { eventually } from '../eventually';
import { createDatabase, createNamespace, virtualHostUrl } from '../servers';
import { ServiceProcess } from '../service-process';

export interface Order {
  orderId: string;
}

/** Statements, whose number may change, and the signal of an answer, which a slow machine needs and a fast one does not. */
export const LEFT_OUT = /^(SELECT|INSERT|UPDATE|DELETE|WITH|BEGIN|COMMIT|ROLLBACK|SignalWorkflow:paymentSettled)\b/;

const PAYMENT = [
  '      orders: RunActivity:requestPayment',
  '        orders: publish processPayment',
  '          payments: process processPayment',
  '            payments: publish PaymentStat',
  '              orders: process PaymentStat',
];
const SAGA = [
  'orders: POST /orderManagement/order',
  '  orders: StartWorkflow:placeOrder',
  '    orders: RunWorkflow:placeOrder',
];

/** What the traces of orders contain, without what `LEFT_OUT` matches. Spans of equal parents are sorted by name. */
export const TREES = {
  shipped: [...SAGA, ...PAYMENT, '      orders: RunActivity:shipOrder'],
  declined: [...SAGA, '      orders: RunActivity:cancelOrder', ...PAYMENT],
  refunded: [
    ...SAGA,
    '      orders: RunActivity:cancelOrder',
    ...PAYMENT,
    '                orders: StartWorkflow:refundPayment',
    '                  payments: RunWorkflow:refundPayment',
    '                    orders: RunActivity:recordRefund',
    '                    payments: RunActivity:refundPayment',
  ],
};

/** Both services with tracing on, and the orders whose traces the tests read. */
export class TracedShop {
  private constructor(
    readonly orders: ServiceProcess,
    readonly payments: ServiceProcess,
    readonly temporal: { address: string; namespace: string },
    private readonly productId: string,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  /** @param endpoint the address of the collector */
  static async start(
    suite: 'tracing' | 'jaeger',
    endpoint: string,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<TracedShop> {
    const database = await createDatabase(suite);
    const temporal = await createNamespace(suite);
    const shared = {
      AMQP_URL: virtualHostUrl(suite),
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ...environment,
    };
    const orders = await ServiceProcess.start('order-management', { ...shared, DATABASE_URL: database.url });
    const payments = await ServiceProcess.start('payment-processing', {
      ...shared,
      DATABASE_URL: `${database.url}?schema=payments`,
    });
    const product = { name: 'Mug', price: 45, quantityAvailable: 1_000, productType: 'Kitchen' };
    const { productId } = await orders.request<{ productId: string }>('POST', '/product', product);
    const shop = new TracedShop(orders, payments, temporal, productId, database.drop);
    await shop.place(1, 'shipped'); // the first order of a new process is slower than the following ones
    return shop;
  }

  async stop(): Promise<void> {
    await Promise.all([this.orders.end('SIGTERM'), this.payments.end('SIGTERM')]);
    await this.dropDatabase();
  }

  /** Places an order that ends as its name says. */
  placeOne(how: keyof typeof TREES): Promise<Order> {
    if (how === 'refunded') return this.placeRefunded();
    return how === 'shipped' ? this.place(2, 'shipped') : this.place(23, 'cancelled'); // $1035 exceed the limit of $1000
  }

  /** Places an order that is cancelled while the payment service is suspended, which then charges it. */
  private async placeRefunded(): Promise<Order> {
    this.payments.send('SIGSTOP');
    const order = await this.place(2, 'placed');
    await eventually(async () => expect(await this.stepsOf(order)).toContain('payment-requested'));
    const { status } = await fetch(`${this.orders.url}/orderManagement/order/${order.orderId}/cancel`, {
      method: 'POST',
    });
    expect(status).toBe(202);
    await this.becomes(order, 'cancelled');
    this.payments.send('SIGCONT');
    await eventually(async () => expect(await this.stepsOf(order)).toContain('refunded'));
    return order;
  }

  /** Places an order in the trace of a client, and waits until it is shipped. */
  async placeWithin(traceparent: string): Promise<Order> {
    const response = await fetch(`${this.orders.url}/orderManagement/order`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', traceparent },
      body: JSON.stringify(this.orderOf(1)),
    });
    const order = (await response.json()) as Order;
    await this.becomes(order, 'shipped');
    return order;
  }

  private async place(quantity: number, orderStatus: string): Promise<Order> {
    const order = await this.orders.request<Order>('POST', '/order', this.orderOf(quantity));
    await this.becomes(order, orderStatus);
    return order;
  }

  private orderOf(orderedQuantity: number): object {
    return {
      customerId: PREDEFINED_CUSTOMER.customerId,
      products: [{ productId: this.productId, orderedQuantity }],
    };
  }

  private becomes({ orderId }: Order, orderStatus: string): Promise<void> {
    return eventually(async () => {
      expect(await this.orders.request('GET', `/order/${orderId}`)).toMatchObject({ orderStatus });
    });
  }

  private async stepsOf({ orderId }: Order): Promise<string[]> {
    const events = await this.orders.request<{ step: string }[]>('GET', `/order/${orderId}/history`);
    return events.map(({ step }) => step);
  }
}
