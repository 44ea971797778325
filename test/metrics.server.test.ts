import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// Both services run as processes and share one start; the tests run in the order of the file.
const CUSTOMER = PREDEFINED_CUSTOMER.customerId;

let queues: Queues;
let database: Awaited<ReturnType<typeof createDatabase>>;
let orders: ServiceProcess;
let payments: ServiceProcess;

beforeAll(async () => {
  queues = await Queues.open(virtualHostUrl('metrics'));
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  database = await createDatabase('metrics');
  const { address, namespace } = await createNamespace('metrics');
  const shared = {
    AMQP_URL: virtualHostUrl('metrics'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  [orders, payments] = await Promise.all([
    ServiceProcess.start('order-management', { ...shared, DATABASE_URL: database.url, MAX_UNSETTLED: '100' }),
    ServiceProcess.start('payment-processing', { ...shared, DATABASE_URL: `${database.url}?schema=payments` }),
  ]);
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await queues.close();
  await database.drop();
});

const scrape = async ({ url }: ServiceProcess): Promise<string> => (await fetch(`${url}/metrics`)).text();

/** Returns the value of one series. */
function valueOf(text: string, series: string): number | null {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

async function aProduct(price: number): Promise<string> {
  const { productId } = await orders.request<{ productId: string }>('POST', '/product', {
    name: 'Mug',
    price,
    quantityAvailable: 1_000,
    productType: 'Kitchen',
  });
  return productId;
}

const place = (productId: string): Promise<{ orderId: string }> =>
  orders.request('POST', '/order', { customerId: CUSTOMER, products: [{ productId, orderedQuantity: 1 }] });

test('counts a shipped and a declined order, their payments and their steps, once each', async () => {
  expect(valueOf(await scrape(orders), 'orders_settled_total{outcome="shipped",reason="none"}')).toBe(0);

  await place(await aProduct(10.1));
  await place(await aProduct(2_000.2));

  await eventually(async () => {
    const text = await scrape(orders);
    expect(valueOf(text, 'orders_settled_total{outcome="shipped",reason="none"}')).toBe(1);
    expect(valueOf(text, 'orders_settled_total{outcome="cancelled",reason="payment-declined"}')).toBe(1);
    expect(valueOf(text, 'saga_step_attempts_total{step="shipOrder",result="succeeded"}')).toBe(1);
  });
  const [ofOrders, ofPayments] = [await scrape(orders), await scrape(payments)];
  expect(valueOf(ofOrders, 'orders_accepted_total')).toBe(2);
  expect(valueOf(ofOrders, 'order_settlement_duration_seconds_count')).toBe(2);
  expect(valueOf(ofOrders, 'compensations_total{kind="stock_released"}')).toBe(1);
  expect(valueOf(ofOrders, 'compensations_total{kind="refund_started"}')).toBe(0);
  expect(valueOf(ofOrders, 'saga_step_retries_total{step="shipOrder"}')).toBe(0);
  expect(valueOf(ofOrders, 'unsettled_orders_limit')).toBe(100);
  expect(valueOf(ofOrders, 'oldest_unsettled_order_age_seconds')).toBe(0);
  expect(valueOf(ofPayments, 'payments_total{result="charged"}')).toBe(1);
  expect(valueOf(ofPayments, 'payments_total{result="declined"}')).toBe(1);
  expect(valueOf(ofPayments, 'payments_amount_dollars_total{result="charged"}')).toBe(10.1);
  expect(valueOf(ofPayments, 'payments_amount_dollars_total{result="declined"}')).toBe(2_000.2);
});

test('reports each dependency and the connections to the database', async () => {
  for (const service of [orders, payments]) {
    const text = await scrape(service);
    for (const dependency of ['postgresql', 'temporal', 'broker', 'consumer']) {
      expect([dependency, valueOf(text, `dependency_up{dependency="${dependency}"}`)]).toEqual([dependency, 1]);
    }
    expect(valueOf(text, 'database_pool_connections{pool="primary",state="idle"}')).toBeGreaterThan(0);
    expect(valueOf(text, 'database_pool_waiting{pool="primary"}')).toBe(0);
  }
  expect(valueOf(await scrape(orders), 'sagas_running{type="placeOrder"}')).not.toBeNull();
  expect(valueOf(await scrape(orders), 'sagas_failing{type="placeOrder"}')).not.toBeNull();
});
