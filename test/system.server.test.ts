import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client as PgClient } from 'pg';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId, paymentSettled, refundWorkflowId, sagaStatus } from '@shop/workflows/contract';
import { callService } from './call';
import { eventually } from './eventually';
import { Queues } from './queues';
import { TcpProxy } from './tcp-proxy';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// Both services run as processes on the test servers. Each test has its own database and Temporal namespace.
const CUSTOMER = PREDEFINED_CUSTOMER.customerId;
const THERMOS = PREDEFINED_PRODUCT.productId;
const SHORT_SWEEP_TIMES = { SWEEP_INTERVAL: '300ms', SWEEP_AFTER: '1s' };

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
const proxies: TcpProxy[] = [];

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
  orderEnvironment = { ...shared, ...SHORT_SWEEP_TIMES, DATABASE_URL: database.url };
  paymentEnvironment = { ...shared, DATABASE_URL: `${database.url}?schema=payments` };
});
afterEach(async () => {
  await ServiceProcess.endAll();
  for (const proxy of proxies.splice(0)) await proxy.close();
  await sql.end();
  await database.drop();
});

const startOrders = (more: NodeJS.ProcessEnv = {}) =>
  ServiceProcess.start('order-management', { ...orderEnvironment, ...more });
const startPayments = (more: NodeJS.ProcessEnv = {}) =>
  ServiceProcess.start('payment-processing', { ...paymentEnvironment, ...more });

const place = (service: ServiceProcess, orderedQuantity: number, productId = THERMOS): Promise<Order> =>
  service.request<Order>('POST', '/order', { customerId: CUSTOMER, products: [{ productId, orderedQuantity }] });

const waitForOrder = (service: ServiceProcess, { orderId }: Order, wanted: Partial<Order>): Promise<void> =>
  eventually(async () => {
    expect(await service.request<Order>('GET', `/order/${orderId}`)).toMatchObject(wanted);
  });

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

test('ships a paid order and sells its stock', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);

  const order = await place(orders, 2);

  expect(order).toMatchObject({ orderStatus: 'placed', paymentStatus: 'pending' });
  await waitForOrder(orders, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('cancels an order whose payment is declined, and releases its stock', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);

  const order = await place(orders, 23); // $1035

  await waitForOrder(orders, order, DECLINED);
  expect(await stock()).toBe(25);
  expect(await payments()).toEqual(['failed']);
});

test('does not ship an order of $1,200 for an answer with the amount 0.01 that is sent right after the 201', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);
  const product = { name: 'Laptop', price: 1200, description: '', quantityAvailable: 1, productType: 'Computers' };
  const { productId } = await orders.request<{ productId: string }>('POST', '/product', product);

  const order = await place(orders, 1, productId);
  const forged = { orderId: order.orderId, paymentId: randomUUID(), success: true, totalAmount: 0.01 };
  await queues.send(PAYMENT_STAT, forged);

  await waitForOrder(orders, order, DECLINED);
  const { properties } = await queues.take(parkedQueue(PAYMENT_STAT));
  expect(properties.headers?.['x-reason']).toMatch(/^totalAmount is 0.01, but the total of order .* is 1200.00$/);
});

test('lists a saga by its customer, total and status', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);
  const order = await place(orders, 1);
  await waitForOrder(orders, order, SHIPPED);

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

test('settles an order if its service is killed between accepting it and starting the saga', async () => {
  await startPayments();
  // No saga can start without Temporal, so the kill falls between the commit and the start.
  const killed = await startOrders({ TEMPORAL_ADDRESS: 'localhost:1' });
  const order = await place(killed, 2);
  await killed.end('SIGKILL');
  await expect(temporal.workflow.getHandle(orderWorkflowId(order.orderId)).describe()).rejects.toThrow(/not found/);

  const restarted = await startOrders();

  await waitForOrder(restarted, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('settles an order if its service is killed while it waits for the payment answer', async () => {
  const killed = await startOrders();
  const order = await place(killed, 2);
  await eventually(async () => {
    const saga = temporal.workflow.getHandle(orderWorkflowId(order.orderId));
    expect(await saga.query(sagaStatus)).toMatchObject({ stage: 'awaiting payment' });
    expect(await queues.waiting('processPayment')).toBe(1);
  });
  await killed.end('SIGKILL');
  // The answer arrives while no order-management runs.
  await startPayments();
  await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(1));

  const restarted = await startOrders();

  await waitForOrder(restarted, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('settles an order if its service is killed while RabbitMQ is unavailable', async () => {
  await startPayments();
  const killed = await startOrders({ AMQP_URL: 'amqp://localhost:1' });
  const order = await place(killed, 2);
  await eventually(() => expect(killed.output).toContain('requestPayment'));
  await killed.end('SIGKILL');

  const restarted = await startOrders();

  await waitForOrder(restarted, order, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

/** Counts the services' statements that wait for a lock of the test. */
async function waitingStatements(): Promise<number | undefined> {
  await sql.query('SELECT pg_stat_clear_snapshot()'); // otherwise a transaction keeps seeing its first snapshot
  const { rows } = await sql.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.at(0)?.waiting;
}

test.each([
  ['ships', 2, SHIPPED, 23, 'success'],
  ['cancels', 23, DECLINED, 25, 'failed'],
])(
  'settles an order once if its service is killed while it %s the order',
  async (_, quantity, ending, left, payment) => {
    const killed = await startOrders();
    const order = await place(killed, quantity);
    await sql.query('BEGIN');
    await sql.query('SELECT FROM orders WHERE order_id = $1 FOR UPDATE', [order.orderId]);
    await startPayments();
    await eventually(async () => expect(await waitingStatements()).toBe(1));
    await killed.end('SIGKILL');
    await sql.query('COMMIT'); // the killed process's statement completes, and no process receives its result

    const restarted = await startOrders();

    await waitForOrder(restarted, order, ending);
    await eventually(async () => {
      const saga = temporal.workflow.getHandle(orderWorkflowId(order.orderId));
      expect((await saga.describe()).status.name).toBe('COMPLETED');
    });
    expect(await stock()).toBe(left);
    expect(await payments()).toEqual([payment]);
  },
);

test('takes stock once for an order of the original if its service is killed during the adoption', async () => {
  await startPayments();
  const killed = await startOrders();
  const holder = new PgClient({ connectionString: database.url });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM products WHERE product_id = $1 FOR NO KEY UPDATE', [THERMOS]);
  const orderId = randomUUID();
  await sql.query(
    `WITH placed AS (INSERT INTO orders (order_id, customer_id, order_status, payment_status, examine_after, released_at)
       VALUES ($1, $2, 'placed', 'pending', now(), now()) RETURNING order_id)
     INSERT INTO order_products (order_id, product_id, quantity) SELECT order_id, $3, 2 FROM placed`,
    [orderId, CUSTOMER, THERMOS],
  );
  await eventually(async () => expect(await waitingStatements()).toBe(1));
  await killed.end('SIGKILL');
  await holder.query('COMMIT');
  await holder.end();

  const restarted = await startOrders();

  await waitForOrder(restarted, { orderId, orderStatus: 'placed', paymentStatus: 'pending' }, SHIPPED);
  expect(await stock()).toBe(23);
  expect(await payments()).toEqual(['success']);
});

test('refunds a payment once if the payment service is killed during the refund', async () => {
  const orders = await startOrders();
  const killed = await startPayments({ AMQP_URL: 'none' });
  const { orderId } = await place(orders, 2);
  // With a confirmed request, the saga starts no refund of the whole order beside that of the payment.
  await eventually(async () => expect(await queues.waiting('processPayment')).toBe(1));
  await fetch(`${orders.url}/orderManagement/order/${orderId}/cancel`, { method: 'POST' });
  await waitForOrder(
    orders,
    { orderId, orderStatus: 'placed', paymentStatus: 'pending' },
    { orderStatus: 'cancelled' },
  );
  const paymentId = randomUUID();
  await sql.query("INSERT INTO payments.payments (payment_id, order_id, status) VALUES ($1, $2, 'success')", [
    paymentId,
    orderId,
  ]);
  await sql.query('BEGIN');
  await sql.query('LOCK TABLE payments.payments');
  await queues.send(PAYMENT_STAT, { orderId, paymentId, success: true });
  await eventually(async () => expect(await waitingStatements()).toBe(1));
  await killed.end('SIGKILL');
  await sql.query('COMMIT');

  await startPayments({ AMQP_URL: 'none' });

  await eventually(async () => expect(await payments()).toEqual(['refunded']));
  const refund = temporal.workflow.getHandle(refundWorkflowId({ orderId, paymentId }));
  await eventually(async () => expect((await refund.describe()).status.name).toBe('COMPLETED'));
});

test('refunds a shipped order by hand once; the order stays shipped, and a late answer changes nothing', async () => {
  const [orders] = await Promise.all([startOrders(), startPayments()]);
  const order = await place(orders, 2);
  await waitForOrder(orders, order, SHIPPED);
  const refund = async (): Promise<number> =>
    (await callService(orders, 'POST', `/orderManagement/order/${order.orderId}/refund`, { reason: 'broken' })).status;

  expect(await Promise.all([refund(), refund()])).toEqual([202, 202]);

  const refunded = { orderStatus: 'shipped', paymentStatus: 'refunded' };
  await waitForOrder(orders, order, refunded);
  expect(await refund()).toBe(200);
  expect(await payments()).toEqual(['refunded']);
  const { rows } = await sql.query<{ payment_id: string }>('SELECT payment_id FROM payments.payments');
  const answer = { orderId: order.orderId, paymentId: rows[0]?.payment_id, success: true };
  for (const late of [answer, { ...answer, success: false, reason: 'late' }]) await queues.send(PAYMENT_STAT, late);
  await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(0));
  await waitForOrder(orders, order, refunded);
  const history = await orders.request<{ step: string }[]>('GET', `/order/${order.orderId}/history`);
  expect(history.map(({ step }) => step)).toEqual([
    'accepted',
    'payment-requested',
    'paid',
    'shipped',
    'refund-due',
    'refunded',
  ]);
  expect(await stock()).toBe(23);
});

test('completes an order in the current build after the build that started it has stopped', async () => {
  const namespace = String(orderEnvironment['TEMPORAL_NAMESPACE']);
  const startBuild = async (buildId: string): Promise<ServiceProcess> => {
    const service = await startOrders({ WORKER_VERSIONING: 'on', BUILD_ID: buildId });
    const current = { namespace, deploymentName: 'order-management', buildId };
    await eventually(() => temporal.workflowService.setWorkerDeploymentCurrentVersion(current).then(() => undefined));
    return service;
  };
  const before = await startBuild('before');
  const order = await place(before, 2);
  await eventually(async () => expect(await queues.waiting('processPayment')).toBe(1));
  const after = await startBuild('after');
  await expect(before.end('SIGTERM')).resolves.toEqual({ code: 0, signal: null });

  await startPayments();

  await waitForOrder(after, order, SHIPPED);
  const saga = temporal.workflow.getHandle(orderWorkflowId(order.orderId));
  await eventually(async () => {
    const { raw, status } = await saga.describe();
    expect(status.name).toBe('COMPLETED');
    expect(raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId).toBe('after');
  });
});

test('charges an order once if the payment service is killed during the charge', async () => {
  const orders = await startOrders();
  const killed = await startPayments();
  await sql.query('BEGIN');
  await sql.query('LOCK TABLE payments.payments');
  const order = await place(orders, 2);
  await eventually(async () => expect(await waitingStatements()).toBe(1));
  await killed.end('SIGKILL');
  await sql.query('COMMIT');
  await eventually(async () => expect(await payments()).toEqual(['success'])); // charged, but not answered

  await startPayments();

  await waitForOrder(orders, order, SHIPPED);
  expect(await payments()).toEqual(['success']);
});

test.each([
  [
    'cancelled',
    (service: ServiceProcess, path: string) => fetch(`${service.url}${path}/cancel`, { method: 'POST' }),
    202,
  ],
  ['deleted', (service: ServiceProcess, path: string) => fetch(`${service.url}${path}`, { method: 'DELETE' }), 200],
])('refunds an order that is %s while its payment is in flight', async (_, end, status) => {
  const orders = await startOrders();
  const { orderId } = await place(orders, 2);
  await eventually(async () => expect(await queues.waiting('processPayment')).toBe(1));
  await expect(end(orders, `/orderManagement/order/${orderId}`)).resolves.toMatchObject({ status });
  await eventually(async () => expect(await stock()).toBe(25));

  await startPayments(); // it receives the request and charges the order

  await eventually(async () => expect(await payments()).toEqual(['refunded']));
  const { rows } = await sql.query('SELECT order_status FROM orders WHERE order_id = $1', [orderId]);
  expect(rows).toEqual([{ order_status: 'cancelled' }]);
});

test('refunds an order whose saga is terminated with the answer in its inbox', async () => {
  await startPayments({ AMQP_URL: 'none' }); // refunds are processed, payment requests are not received
  const orders = await startOrders();
  const { orderId } = await place(orders, 2);
  const saga = temporal.workflow.getHandle(orderWorkflowId(orderId));
  await eventually(async () => expect(await queues.waiting('processPayment')).toBe(1));
  orders.send('SIGSTOP'); // no worker processes the saga's signals
  const paymentId = randomUUID();
  await sql.query("INSERT INTO payments.payments (payment_id, order_id, status) VALUES ($1, $2, 'success')", [
    paymentId,
    orderId,
  ]);
  await saga.signal(paymentSettled, { paymentId, success: true, reason: '' });
  await sql.query('UPDATE orders SET cancel_requested_at = now() WHERE order_id = $1', [orderId]);
  await saga.terminate('by the test');
  orders.send('SIGCONT');

  await eventually(async () => expect(await payments()).toEqual(['refunded']));
  expect(await stock()).toBe(25);
});

test('shuts down gracefully under load: accepted orders settle after the restart', async () => {
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
  for (const order of orders) await waitForOrder(restarted, order, SHIPPED);
  expect(await stock(productId)).toBe(80);
  expect(await payments()).toHaveLength(20);
});

test('needs no broker with the activity channel', async () => {
  const without = { AMQP_URL: 'none' };
  const [orders] = await Promise.all([
    startOrders({ ...without, PAYMENT_CHANNEL: 'activity' }),
    startPayments(without),
  ]);

  const [shipped, declined] = [await place(orders, 1), await place(orders, 23)];

  await waitForOrder(orders, shipped, SHIPPED);
  await waitForOrder(orders, declined, DECLINED);
  expect(await stock()).toBe(24);
});

test('accepts orders while Temporal is unavailable, and settles them later', async () => {
  await startPayments();
  const withoutTemporal = await startOrders({ TEMPORAL_ADDRESS: 'localhost:1' });
  const order = await place(withoutTemporal, 1);
  expect(order.orderStatus).toBe('placed');

  const other = await startOrders(); // the sweeper of another instance starts the saga

  await waitForOrder(other, order, SHIPPED);
});

test.each(['order-management', 'payment-processing'] as const)(
  '%s starts without its dependencies, and uses each one as soon as it is available',
  async (name) => {
    const environment = name === 'order-management' ? orderEnvironment : paymentEnvironment;
    const [postgres, rabbitmq, server] = [
      await TcpProxy.to(String(environment['DATABASE_URL'])),
      await TcpProxy.to(String(environment['AMQP_URL'])),
      await TcpProxy.to(`tcp://${environment['TEMPORAL_ADDRESS']}`),
    ];
    proxies.push(postgres, rabbitmq, server);
    const [DATABASE_URL, AMQP_URL, TEMPORAL_ADDRESS] = [postgres.url, rabbitmq.url, new URL(server.url).host];
    for (const proxy of proxies) await proxy.stop();
    const service = await ServiceProcess.launch(name, { ...environment, DATABASE_URL, AMQP_URL, TEMPORAL_ADDRESS });
    const becomes = (checks: object, ready: boolean): Promise<void> =>
      eventually(async () => {
        const answer = await (await fetch(`${service.url}/readyz`)).json();
        expect(answer).toMatchObject({ ready, checks });
      });

    await becomes({ database: 'down', broker: 'down', temporal: 'down' }, false);
    await postgres.restart();
    await becomes({ database: 'up', broker: 'down', temporal: 'down' }, name === 'order-management');
    await server.restart();
    await becomes({ broker: 'down', temporal: 'working' }, true);
    await rabbitmq.restart();
    await becomes({ broker: 'consuming', temporal: 'working' }, true);
  },
);

test('exits with 0 if it is stopped during the start', async () => {
  const service = await ServiceProcess.launch('order-management', {
    ...orderEnvironment,
    DATABASE_URL: 'postgresql://postgres:postgres@localhost:1/shop',
  });
  await eventually(() => expect(service.output).toContain('waiting for PostgreSQL'), 60_000);

  await expect(service.end('SIGTERM')).resolves.toEqual({ code: 0, signal: null });
});

test('reports every invalid setting and exits', async () => {
  const service = await ServiceProcess.launch('order-management', {
    ...orderEnvironment,
    TEMPORAL_ADDRESS: 'localhost',
    PAYMENT_TIMEOUT: '5',
  });

  await expect(service.ended).resolves.toMatchObject({ code: 1 });
  expect(service.output).toContain('TEMPORAL_ADDRESS="localhost" has no port');
  expect(service.output).toContain('PAYMENT_TIMEOUT="5" has no unit');
});

test('exposes metrics of message outcomes, parked messages and unsettled orders', async () => {
  const [orders] = [await startOrders({ SWEEP_AFTER: '1m' }), await startPayments()]; // the sweeper resumes none
  const metrics = async (): Promise<string> => (await fetch(`${orders.url}/metrics`)).text();
  await waitForOrder(orders, await place(orders, 1), SHIPPED);
  await queues.send(PAYMENT_STAT, 'no JSON');

  await eventually(async () => {
    const text = await metrics();
    // The outcome depends on how fast the answer arrives.
    expect(text).toMatch(/messages_total\{queue="PaymentStat",outcome="(fast_path|signalled)"\} 1\n/);
    expect(text).toContain('messages_total{queue="PaymentStat",outcome="parked"} 1');
    expect(text).toContain('parked_messages{queue="PaymentStat"} 1');
    expect(text).toContain('sagas_started_total{how="new"} 1');
    expect(text).toContain('orders_unsettled{status="placed"} 0');
    expect(text).toMatch(/http_request_duration_seconds_count\{[^}]*method="POST",route="\/order",status="201"\} 1/);
  });
});
