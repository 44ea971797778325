import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client as PgClient } from 'pg';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { orderWorkflowId, sagaStatus } from '@shop/workflows/contract';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// Both services as processes, on servers of the tests' own; each test has a database and a namespace to itself.
const CUSTOMER = 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce';
const THERMOS = 'e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15';
const QUICKLY = { SWEEP_INTERVAL: '300ms', SWEEP_AFTER: '1s' };

interface Order {
  orderId: string;
  orderStatus: string;
  paymentStatus: string;
}

let connection: Connection;
let queues: Queues;
let temporal: TemporalClient;
let database: Awaited<ReturnType<typeof createDatabase>>;
let sql: PgClient;
let orderEnvironment: NodeJS.ProcessEnv;
let paymentEnvironment: NodeJS.ProcessEnv;

beforeAll(async () => {
  connection = await Connection.connect({ address: testServers().temporalAddress });
  queues = await Queues.open(virtualHostUrl('system'));
});
afterAll(async () => {
  await connection.close();
  await queues.close();
});

beforeEach(async () => {
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  database = await createDatabase('system');
  sql = new PgClient({ connectionString: database.url });
  await sql.connect();
  const { address, namespace } = await createNamespace('system');
  temporal = new TemporalClient({ connection, namespace });
  const shared = { AMQP_URL: virtualHostUrl('system'), TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  orderEnvironment = { ...shared, ...QUICKLY, DATABASE_URL: database.url };
  paymentEnvironment = { ...shared, DATABASE_URL: `${database.url}?schema=payments` };
});
afterEach(async () => {
  await ServiceProcess.endAll();
  await sql.end();
  await database.drop();
});

const startOrders = (more: NodeJS.ProcessEnv = {}) =>
  ServiceProcess.start('order-management', { ...orderEnvironment, ...more });
const startPayments = (more: NodeJS.ProcessEnv = {}) =>
  ServiceProcess.start('payment-processing', { ...paymentEnvironment, ...more });

const place = (service: ServiceProcess, orderedQuantity: number, productId = THERMOS): Promise<Order> =>
  service.request<Order>('POST', '/order', { customerId: CUSTOMER, products: [{ productId, orderedQuantity }] });

const toEnd = (service: ServiceProcess, { orderId }: Order, wanted: Partial<Order>): Promise<void> =>
  eventually(async () => {
    expect(await service.request<Order>('GET', `/order/${orderId}`)).toMatchObject(wanted);
  }, 20_000);

const SHIPPED = { orderStatus: 'shipped', paymentStatus: 'success' };
const DECLINED = { orderStatus: 'cancelled', paymentStatus: 'failed' };

async function stock(productId = THERMOS): Promise<number | undefined> {
  const { rows } = await sql.query<{ quantity_available: number }>(
    'SELECT quantity_available FROM products WHERE product_id = $1',
    [productId],
  );
  return rows.at(0)?.quantity_available;
}

async function payments(): Promise<string[]> {
  const { rows } = await sql.query<{ status: string }>('SELECT status FROM payments.payments');
  return rows.map(({ status }) => status);
}

test('ships an order that is paid, and sells its stock', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);

  const order = await place(orders, 2);

  expect(order).toMatchObject({ orderStatus: 'placed', paymentStatus: 'pending' });
  await toEnd(orders, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('cancels an order whose payment is declined, and gives its stock back', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);

  const order = await place(orders, 23); // $1035

  await toEnd(orders, order, DECLINED);
  expect(await stock()).toBe(25);
  expect(await payments()).toEqual(['failed']);
});

test('makes a saga findable by its customer, total and status', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);
  const order = await place(orders, 1);
  await toEnd(orders, order, SHIPPED);

  await eventually(async () => {
    const found: string[] = [];
    const query = `CustomerId = '${CUSTOMER}' AND OrderTotal = 45 AND OrderStatus = 'shipped'`;
    for await (const { workflowId } of temporal.workflow.list({ query })) found.push(workflowId);
    expect(found).toEqual([orderWorkflowId(order.orderId)]);
  });
  const described = await temporal.workflow.getHandle(orderWorkflowId(order.orderId)).describe();
  expect(await described.staticSummary()).toBe('Order of $45.00');
  expect(described.memo).toEqual({ customerId: CUSTOMER, totalAmount: '45.00', paymentChannel: 'events' });
});

test('settles an order whose service was killed between accepting it and starting its saga', async () => {
  await startPayments();
  // No saga can start: the window between the commit and the start stays open until the kill.
  const killed = await startOrders({ TEMPORAL_ADDRESS: 'localhost:1' });
  const order = await place(killed, 2);
  await killed.end('SIGKILL');
  await expect(temporal.workflow.getHandle(orderWorkflowId(order.orderId)).describe()).rejects.toThrow(/not found/);

  const restarted = await startOrders();

  await toEnd(restarted, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('settles an order whose service was killed while its payment was awaited', async () => {
  const killed = await startOrders();
  const order = await place(killed, 2);
  await eventually(async () => {
    const saga = temporal.workflow.getHandle(orderWorkflowId(order.orderId));
    expect(await saga.query(sagaStatus)).toMatchObject({ stage: 'awaiting payment' });
    expect(await queues.waiting('processPayment')).toBe(1);
  });
  await killed.end('SIGKILL');
  // The answer comes while nobody is there to hear it.
  await startPayments();
  await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(1));

  const restarted = await startOrders();

  await toEnd(restarted, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('stops in good order under load: what it accepted settles after the restart', async () => {
  await startPayments();
  const stopped = await startOrders();
  const { productId } = await stopped.request<{ productId: string }>('POST', '/product', {
    name: 'Mug',
    price: 5,
    description: '',
    quantityAvailable: 100,
    productType: 'Kitchen',
  });
  const orders = await Promise.all(Array.from({ length: 20 }, () => place(stopped, 1, productId)));

  await expect(stopped.end('SIGTERM')).resolves.toEqual({ code: 0, signal: null });

  const restarted = await startOrders();
  for (const order of orders) await toEnd(restarted, order, SHIPPED);
  expect(await stock(productId)).toBe(80);
  expect(await payments()).toHaveLength(20);
});

test('does without a broker over the activity channel', async () => {
  const without = { AMQP_URL: 'none' };
  const [orders] = await Promise.all([
    startOrders({ ...without, PAYMENT_CHANNEL: 'activity' }),
    startPayments(without),
  ]);

  const [shipped, declined] = [await place(orders, 1), await place(orders, 23)];

  await toEnd(orders, shipped, SHIPPED);
  await toEnd(orders, declined, DECLINED);
  expect(await stock()).toBe(24);
});

test('accepts orders while Temporal is away, and settles them when it is there', async () => {
  await startPayments();
  const deaf = await startOrders({ TEMPORAL_ADDRESS: 'localhost:1' });
  const order = await place(deaf, 1);
  expect(order.orderStatus).toBe('placed');

  const other = await startOrders(); // another instance sweeps for it

  await toEnd(other, order, SHIPPED);
});

test('ends with 0 when it is stopped before it has come up', async () => {
  const service = await ServiceProcess.launch('order-management', {
    ...orderEnvironment,
    DATABASE_URL: 'postgresql://postgres:postgres@localhost:1/shop',
  });
  await eventually(() => expect(service.output).toContain('waiting for PostgreSQL'));

  await expect(service.end('SIGTERM')).resolves.toEqual({ code: 0, signal: null });
});

test('tells all problems of its settings, and does not start', async () => {
  const service = await ServiceProcess.launch('order-management', {
    ...orderEnvironment,
    TEMPORAL_ADDRESS: 'localhost',
    PAYMENT_TIMEOUT: '5',
  });

  await expect(service.ended).resolves.toMatchObject({ code: 1 });
  expect(service.output).toContain('TEMPORAL_ADDRESS "localhost" has no port');
  expect(service.output).toContain('PAYMENT_TIMEOUT "5" has no unit');
});

test('tells Prometheus what became of messages, what is parked, and which orders are unsettled', async () => {
  const [orders] = [await startOrders(), await startPayments()];
  const metrics = async (): Promise<string> => (await fetch(`${orders.url}/metrics`)).text();
  await toEnd(orders, await place(orders, 1), SHIPPED);
  await queues.send(PAYMENT_STAT, 'no JSON');

  await eventually(async () => expect(await metrics()).toContain('parked_messages{queue="PaymentStat"} 1'));

  const text = await metrics();
  expect(text).toContain('messages_total{queue="PaymentStat",outcome="signalled"} 1');
  expect(text).toContain('messages_total{queue="PaymentStat",outcome="parked"} 1');
  expect(text).toContain('sagas_started_total{how="new"} 1');
  expect(text).toContain('orders_unsettled{status="placed"} 0');
  expect(text).toMatch(/http_request_duration_seconds_count\{[^}]*method="POST",route="\/order",status="201"\} 1/);
});
