import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { PUBLISHED_METRICS } from '@shop/runtime/temporal-metrics';
import { ORDER_TASK_QUEUE } from '@shop/workflows/contract';
import { Client, Connection } from '@temporalio/client';
import * as fc from 'fast-check';
import pLimit from 'p-limit';
import { ROOT } from './documents';
import { eventually } from './eventually';
import { hostileText, hostileValue } from './hostile-requests';
import { PrometheusText } from './prometheus-text';
import { Queues } from './queues';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';
import { TcpProxy } from './tcp-proxy';

// Both services run as processes and share one start. The tests run in the order of the file: the last ones cause outages.
let queues: Queues;
let database: Awaited<ReturnType<typeof createDatabase>>;
let temporal: { connection: Connection; client: Client };
let orders: ServiceProcess;
let payments: ServiceProcess;
/** The servers as order-management reaches them. */
let proxies: Record<'postgresql' | 'broker' | 'temporal', TcpProxy>;

beforeAll(async () => {
  const broker = virtualHostUrl('metrics');
  queues = await Queues.open(broker);
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  database = await createDatabase('metrics');
  const { address, namespace } = await createNamespace('metrics');
  const connection = await Connection.connect({ address });
  temporal = { connection, client: new Client({ connection, namespace }) };
  proxies = {
    postgresql: await TcpProxy.to(database.url),
    broker: await TcpProxy.to(broker),
    temporal: await TcpProxy.to(`http://${address}`),
  };
  [orders, payments] = await Promise.all([
    ServiceProcess.start('order-management', {
      AMQP_URL: proxies.broker.url,
      TEMPORAL_ADDRESS: new URL(proxies.temporal.url).host,
      TEMPORAL_NAMESPACE: namespace,
      DATABASE_URL: proxies.postgresql.url,
      MAX_UNSETTLED: '1000',
      LOG_LEVEL: 'warn',
    }),
    ServiceProcess.start('payment-processing', {
      AMQP_URL: broker,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      DATABASE_URL: `${database.url}?schema=payments`,
      LOG_LEVEL: 'warn',
    }),
  ]);
});
afterAll(async () => {
  await ServiceProcess.endAll();
  for (const proxy of Object.values(proxies)) await proxy.close();
  await temporal.connection.close();
  await queues.close();
  await database.drop();
});

const readText = async ({ url }: ServiceProcess): Promise<string> => (await fetch(`${url}/metrics`)).text();
const scrape = async (service: ServiceProcess): Promise<PrometheusText> => new PrometheusText(await readText(service));

const addProduct = async (price: number): Promise<string> => {
  const product = { name: 'Mug', price, quantityAvailable: 10_000, productType: 'Kitchen' };
  return (await orders.request<{ productId: string }>('POST', '/product', product)).productId;
};

const addCustomer = async (): Promise<string> => {
  const customer = { firstName: 'Ann', lastName: 'Bo', email: `${randomUUID()}@example.com` };
  return (await orders.request<{ customerId: string }>('POST', '/customer', customer)).customerId;
};

const place = (customerId: string, productId: string): Promise<{ orderId: string }> =>
  orders.request('POST', '/order', { customerId, products: [{ productId, orderedQuantity: 1 }] });

test('counts a shipped and a declined order, their payments and their steps, once each', async () => {
  const shipped = { outcome: 'shipped', reason: 'none' };
  expect((await scrape(orders)).value('orders_settled_total', shipped)).toBe(0);

  const customer = await addCustomer();
  await place(customer, await addProduct(10.1));
  await place(customer, await addProduct(2_000.2));

  await eventually(async () => {
    const text = await scrape(orders);
    expect(text.value('orders_settled_total', shipped)).toBe(1);
    expect(text.value('orders_settled_total', { outcome: 'cancelled', reason: 'payment-declined' })).toBe(1);
    expect(text.value('saga_step_attempts_total', { step: 'shipOrder', result: 'succeeded' })).toBe(1);
  });
  const [ofOrders, ofPayments] = [await scrape(orders), await scrape(payments)];
  expect(ofOrders.value('orders_accepted_total')).toBe(2);
  expect(ofOrders.value('order_settlement_duration_seconds_count')).toBe(2);
  expect(ofOrders.value('compensations_total', { kind: 'stock_released' })).toBe(1);
  expect(ofOrders.value('compensations_total', { kind: 'refund_started' })).toBe(0);
  expect(ofOrders.value('saga_step_retries_total', { step: 'shipOrder' })).toBe(0);
  expect(ofOrders.value('unsettled_orders_limit')).toBe(1_000);
  expect(ofOrders.value('oldest_unsettled_order_age_seconds')).toBe(0);
  expect(ofPayments.value('payments_total', { result: 'charged' })).toBe(1);
  expect(ofPayments.value('payments_total', { result: 'declined' })).toBe(1);
  expect(ofPayments.value('payments_amount_dollars_total', { result: 'charged' })).toBe(10.1);
  expect(ofPayments.value('payments_amount_dollars_total', { result: 'declined' })).toBe(2_000.2);
});

test('counts a repeated request once, and adds no impossible amount', async () => {
  const request = { orderId: randomUUID(), customerId: randomUUID(), totalAmount: -5 };
  for (const totalAmount of [-5, -5, 1e300]) await queues.send(PROCESS_PAYMENT, { ...request, totalAmount });
  await queues.send(PROCESS_PAYMENT, { ...request, orderId: randomUUID(), totalAmount: 1e300 });

  await eventually(async () => {
    const text = await scrape(payments);
    expect(text.value('payments_total', { result: 'charged' })).toBe(2);
    expect(text.value('payments_total', { result: 'declined' })).toBe(2);
  });
  const text = await scrape(payments);
  expect(text.value('payments_amount_dollars_total', { result: 'charged' })).toBe(10.1);
  expect(text.value('payments_amount_dollars_total', { result: 'declined' })).toBe(2_000.2);
});

test('reports each dependency, the connections to the database and the sagas in Temporal', async () => {
  for (const service of [orders, payments]) {
    const text = await scrape(service);
    for (const dependency of ['postgresql', 'temporal', 'broker', 'consumer']) {
      expect([dependency, text.value('dependency_up', { dependency })]).toEqual([dependency, 1]);
    }
    expect(text.value('database_pool_connections', { pool: 'primary', state: 'idle' })).toBeGreaterThan(0);
    expect(text.value('database_pool_waiting', { pool: 'primary' })).toBe(0);
    expect(text.value('temporal_num_pollers', { poller_type: 'workflow_task' })).toBeGreaterThan(0);
  }
  await eventually(async () => {
    const text = await scrape(orders);
    expect(text.value('sagas_running', { type: 'placeOrder' })).not.toBeNull();
    expect(text.value('sagas_failing', { type: 'placeOrder' })).toBe(0);
  });
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

(hasPromtool || process.env['CI'] ? test : test.skip)('promtool accepts the names and units', async () => {
  for (const service of [orders, payments]) {
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: await readText(service) });
    expect({ status, output: String(stdout) + String(stderr) }).toEqual({ status: 0, output: '' });
  }
});

describe('the number of series is bounded', () => {
  // Seeded, so that a failure can be repeated.
  const texts = fc.sample(hostileText, { numRuns: 60, seed: 24 });
  const values = fc.sample(hostileValue, { numRuns: 60, seed: 24 });
  const MAX_SERIES = 120;
  const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-/i;

  test('whatever clients, messages and workflows contain', async () => {
    const atOnce = pLimit(8);
    await Promise.all([
      ...texts.map((text, index) =>
        atOnce(async () => {
          const path = `/orderManagement/order/${Buffer.from(text.slice(0, 100))
            .toString('latin1')
            .replaceAll(/[^\w]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;
          const method = ['GET', 'DELETE', 'PUT', 'PROPFIND', 'REPORT'][index % 5] ?? 'GET';
          await (await fetch(orders.url + path, { method })).text();
        }),
      ),
      ...values.map((value) =>
        atOnce(async () => {
          const body = JSON.stringify(value);
          const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
          await (await fetch(`${orders.url}/orderManagement/order`, { method: 'POST', headers, body })).text();
        }),
      ),
    ]);
    for (const value of values) {
      await queues.send(PROCESS_PAYMENT, JSON.stringify({ orderId: randomUUID(), totalAmount: value }));
      await queues.send(PAYMENT_STAT, JSON.stringify(value));
    }
    for (let i = 0; i < 20; i++) {
      const options = { workflowId: randomUUID(), taskQueue: ORDER_TASK_QUEUE, workflowRunTimeout: '1m' as const };
      await temporal.client.workflow.start(`hostile-${randomUUID()}`, options);
    }
    const [cheap, expensive] = [await addProduct(1), await addProduct(5_000)];
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        atOnce(async () => {
          const { orderId } = await place(await addCustomer(), index % 4 === 0 ? expensive : cheap);
          // This answer competes with the payment service's.
          const answer = { orderId, paymentId: randomUUID(), success: false, reason: `declined ${randomUUID()}` };
          if (index % 4 === 1) await queues.send(PAYMENT_STAT, answer);
        }),
      ),
    );
    await eventually(async () => {
      const text = await scrape(orders);
      expect(text.value('orders_unsettled', { status: 'placed' })).toBe(0);
      expect(text.value('orders_accepted_total')).toBeGreaterThanOrEqual(202);
    }, 90_000);

    for (const service of [orders, payments]) {
      for (const [metric, sets] of (await scrape(service)).labelSets()) {
        expect({ metric, series: sets.length, bounded: sets.length <= MAX_SERIES }).toMatchObject({ bounded: true });
        for (const value of sets.flatMap((labels) => Object.values(labels))) {
          expect(value).toMatch(/^[\w./:-]{1,60}$/);
          expect(value).not.toMatch(UUID);
        }
      }
    }
  });

  test('an order is counted as accepted and as settled once', async () => {
    const text = await scrape(orders);
    const settled = text.series.filter(({ name }) => name === 'orders_settled_total');
    const sum = settled.reduce((total, { value }) => total + value, 0);
    expect(sum).toBe(text.value('orders_accepted_total'));
    expect(text.value('order_settlement_duration_seconds_count')).toBe(sum);
  });
});

interface Documented {
  type: string;
  labels: string[];
}

/** Returns the rows of the tables of metrics. */
function documentedMetrics(): Map<string, Documented> {
  const rows = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8').matchAll(/^\| `(\w+)` +\| (\w+) +\| ([^|]*)\|/gm);
  return new Map(
    Array.from(rows, ([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: Array.from(labels.matchAll(/`(\w+)`/g), ([, label = '']) => label) },
    ]),
  );
}

describe('docs/operations.md', () => {
  test('describes every metric of both services, with its type and its labels', async () => {
    const documented = documentedMetrics();
    for (const service of [orders, payments]) {
      const text = await scrape(service);
      const sets = text.labelSets();
      for (const [metric, type] of text.types) {
        const labels = [...new Set((sets.get(metric) ?? []).flatMap((one) => Object.keys(one)))];
        expect({ metric, documented: documented.get(metric) }).toEqual({
          metric,
          documented: { type, labels: expect.arrayContaining(labels) },
        });
      }
    }
  });

  test('describes no metric that does not exist', async () => {
    const types = [...(await scrape(orders)).types.keys(), ...(await scrape(payments)).types.keys()];
    const existing = new Set([...types, ...PUBLISHED_METRICS]);
    const documented = [...documentedMetrics().keys()];
    expect(documented.length).toBeGreaterThan(50);
    expect(documented.filter((name) => !existing.has(name))).toEqual([]);
  });
});

/** Returns the shortest duration of three scrapes, in milliseconds: a busy machine can delay any one. */
async function scrapeMs(): Promise<number> {
  const durations: number[] = [];
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    await readText(orders);
    durations.push(performance.now() - began);
  }
  return Math.min(...durations);
}

describe.each(['postgresql', 'broker', 'temporal'] as const)('during an outage of %s', (dependency) => {
  const LIMIT_MS = 2_500;

  async function expectObserved(): Promise<void> {
    await eventually(async () => expect((await scrape(orders)).value('dependency_up', { dependency })).toBe(0), 60_000);
    expect(await scrapeMs()).toBeLessThan(LIMIT_MS);
    const text = await scrape(orders);
    expect(text.value('orders_accepted_total')).toBeGreaterThan(0);
    expect(text.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    for (const other of ['postgresql', 'broker', 'temporal'].filter((name) => name !== dependency)) {
      expect([other, text.value('dependency_up', { dependency: other })]).toEqual([other, 1]);
    }
  }

  const expectRecovered = (): Promise<void> =>
    eventually(async () => {
      const text = await scrape(orders);
      expect(text.value('dependency_up', { dependency })).toBe(1);
      expect(text.value('dependency_up', { dependency: 'consumer' })).toBe(1);
    }, 90_000);

  test('a scrape is answered and reports it', async () => {
    await proxies[dependency].stop();
    try {
      await expectObserved();
    } finally {
      await proxies[dependency].restart();
    }
    await expectRecovered();
  });

  if (dependency === 'broker') return; // a broker that does not answer is noticed by its heartbeat, a minute later

  test('a scrape is answered and reports it if the open connections hang', async () => {
    proxies[dependency].holdResponses();
    await expectObserved();

    proxies[dependency].dropConnections();
    await expectRecovered();
  });
});
