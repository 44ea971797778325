import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Broker } from '@shop/amqp/broker';
import type { BrokerAccess } from '@shop/amqp/check-topology';
import { Consumer } from '@shop/amqp/consumer';
import { idempotentQueue } from '@shop/amqp/idempotent-consumers';
import { declareRoute, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, retryQueue, type Route } from '@shop/amqp/topology';
import { runProgram } from '@shop/dev/programs';
import { controlRabbitMq } from '@shop/dev/rabbitmq';
import type { ServiceName } from '@shop/dev/service-program';
import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { migrate } from '@shop/prisma/migrate';
import { connect, type ConfirmChannel } from 'amqplib';
import { callService } from './call';
import { ROOT } from './documents';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';
import { silentLog } from './silent-log';
import { temporaryFolder } from './temporary-folder';

// Both services run with the users of docs/operations.md, which have no other rights than those that are printed there.

const DOCUMENT = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
const PASSWORD = randomBytes(12).toString('hex');
const VIRTUAL_HOST = 'privileges';
/** Roles belong to all databases of the server. */
const suffix = randomBytes(4).toString('hex');

let database: Awaited<ReturnType<typeof createDatabase>>;
let folder: string;
let queues: Queues;
let orders: ServiceProcess;
let payments: ServiceProcess;

const documented = (language: string, beginning: string): string => {
  const block = new RegExp(`^ *\`\`\`${language}\\n( *${beginning}.*?)^ *\`\`\`$`, 'ms').exec(DOCUMENT);
  if (!block?.[1]) throw new Error(`docs/operations.md prints no ${language} that begins with ${beginning}`);
  return block[1];
};

const databaseName = (): string => new URL(database.url).pathname.slice(1);

const databaseUrlOf = (role: 'order_service' | 'payment_service'): string => {
  const url = new URL(database.url);
  url.username = `${role}_${suffix}`;
  url.password = PASSWORD;
  if (role === 'payment_service') url.searchParams.set('schema', 'payments');
  return url.toString();
};

const brokerUrlOf = (user: ServiceName | 'operator'): string => {
  const url = new URL(virtualHostUrl(VIRTUAL_HOST));
  url.username = user;
  url.password = PASSWORD;
  return url.toString();
};

const PAYMENTS_ACCESS: BrokerAccess = { consumes: PROCESS_PAYMENT, publishes: PAYMENT_STAT };
const ORDERS_ACCESS: BrokerAccess = { consumes: PAYMENT_STAT, publishes: PROCESS_PAYMENT };

/** Writes a secret into a file, as container platforms mount it. @returns its path */
function secretFile(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${content}\n`);
  return path;
}

/** Applies the migrations as the owner of the tables, by both services. */
async function migrateOnly(): Promise<void> {
  const started = await Promise.all([
    ServiceProcess.launch('order-management', { MIGRATE: 'only', DATABASE_URL: database.url }),
    ServiceProcess.launch('payment-processing', {
      MIGRATE: 'only',
      DATABASE_URL: `${database.url}?schema=payments`,
    }),
  ]);
  for (const service of started) expect(await service.ended).toEqual({ code: 0, signal: null });
}

async function createRoles(): Promise<void> {
  const statements = documented('sql', 'CREATE ROLE')
    .replaceAll('"Ecommerce"', `"${databaseName()}"`)
    .replaceAll(/\b(order|payment)_service\b/g, `$&_${suffix}`)
    .replaceAll('<password>', PASSWORD);
  await withDatabase(database.url, (sql) => sql.query(statements));
}

async function importDefinitions(): Promise<void> {
  const definitions = documented('json', '{\n  "users"')
    .replaceAll('"vhost": "/"', `"vhost": "${VIRTUAL_HOST}"`)
    .replaceAll('<password>', PASSWORD);
  const file = join(folder, 'definitions.json');
  writeFileSync(file, definitions);
  await controlRabbitMq(testServers().brokerNode, ['import_definitions', file]);
}

beforeAll(async () => {
  folder = temporaryFolder('privileges');
  database = await createDatabase('privileges');
  const [{ address, namespace }] = await Promise.all([
    createNamespace('privileges'),
    migrateOnly().then(createRoles),
    importDefinitions(),
  ]);
  queues = await Queues.open(virtualHostUrl(VIRTUAL_HOST));
  const shared = {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    MIGRATE: 'off',
    TOPOLOGY: 'check',
    SWEEP_INTERVAL: '300ms',
  };
  [orders, payments] = await Promise.all([
    ServiceProcess.start('order-management', {
      ...shared,
      DATABASE_URL: databaseUrlOf('order_service'),
      AMQP_URL: brokerUrlOf('order-management'),
      AMQP_VERIFY_USER: 'payment-processing,operator',
    }),
    ServiceProcess.start('payment-processing', {
      ...shared,
      DATABASE_URL_FILE: secretFile('database-url', databaseUrlOf('payment_service')),
      AMQP_URL_FILE: secretFile('amqp-url', brokerUrlOf('payment-processing')),
      AMQP_VERIFY_USER: 'order-management,operator',
    }),
  ]);
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await queues.close();
  await withDatabase(database.url, (sql) =>
    sql.query(['order_service', 'payment_service'].map((role) => `DROP OWNED BY ${role}_${suffix}`).join(';')),
  );
  await database.drop();
  await withDatabase(testServers().postgresUrl, (sql) =>
    sql.query(`DROP ROLE order_service_${suffix}, payment_service_${suffix}`),
  );
  rmSync(folder, { recursive: true });
});

interface Order {
  orderId: string;
}

const place = (orderedQuantity: number): Promise<Order> =>
  orders.request<Order>('POST', '/order', {
    customerId: PREDEFINED_CUSTOMER.customerId,
    products: [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity }],
  });

const waitForOrder = ({ orderId }: Order, orderStatus: string, paymentStatus: string): Promise<void> =>
  eventually(async () => {
    expect(await orders.request('GET', `/order/${orderId}`)).toMatchObject({ orderStatus, paymentStatus });
  });

test('the services are ready, and log no refusal and no password', async () => {
  for (const { url, output } of [orders, payments]) {
    await eventually(async () => {
      const { checks } = (await (await fetch(`${url}/readyz`)).json()) as { checks: object };
      expect(checks).toMatchObject({ database: 'up', broker: 'consuming' });
    });
    expect(output).not.toMatch(/permission denied|ACCESS_REFUSED|"level":(50|60)/);
    expect(output).not.toContain(PASSWORD);
  }
});

test('an order is shipped, and its payment refunded by hand', async () => {
  const order = await place(1);
  await waitForOrder(order, 'shipped', 'success');

  await callService(orders, 'POST', `/orderManagement/order/${order.orderId}/refund`, { reason: 'broken' });

  await waitForOrder(order, 'shipped', 'refunded');
});

test('an order whose payment is declined is cancelled', async () => {
  await waitForOrder(await place(23), 'cancelled', 'failed');
});

test('every request for the catalog succeeds', async () => {
  const customer = { firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' };
  const mug = { name: 'Mug', price: 5, description: '', quantityAvailable: 1, productType: 'Kitchen' };
  const { customerId } = await orders.request<{ customerId: string }>('POST', '/customer', customer);
  const { productId } = await orders.request<{ productId: string }>('POST', '/product', mug);
  const calls: [string, string, object?][] = [
    ['PATCH', `/customer/${customerId}`, { firstName: 'Anne' }],
    ['PATCH', `/product/${productId}`, { price: 6 }],
    ['POST', `/product/${productId}/restock`, { quantity: 1 }],
    ['POST', `/product/${productId}/retire`],
    ['DELETE', `/product/${productId}`],
  ];
  for (const [method, path, body] of calls) {
    const { status } = await callService(orders, method, `/orderManagement${path}`, body, { 'Idempotency-Key': path });
    expect([method, path, status]).toEqual([method, path, 200]);
  }
});

/** Waits until each service has parked one message. */
const bothAreParked = () =>
  eventually(async () => {
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) {
      expect(await queues.waiting(parkedQueue(route))).toBe(1);
      expect(await queues.waiting(route.queue)).toBe(0);
    }
  });

/** Returns the reasons for which messages are parked, in the order of the queues. */
const parkedReasons = (output: string): string[] =>
  Array.from(output.matchAll(/^ {12}(.*)$/gm), ([, reason = '']) => reason);

test('each service parks a message of a user whom it does not know, and handles it when an operator returns it', async () => {
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.send(route, 'not json');
  await bothAreParked();

  const command = join(ROOT, 'packages', 'amqp', 'dist', 'parked.js');
  const env = { AMQP_URL: brokerUrlOf('operator'), TOPOLOGY: 'check', AMQP_VERIFY_USER: 'operator' };
  const parked = (...args: string[]): Promise<string> => runProgram(process.execPath, [command, ...args], { env });
  expect(parkedReasons(await parked('list'))).toEqual([
    'sent without a user id, but AMQP_VERIFY_USER is order-management,operator',
    'sent without a user id, but AMQP_VERIFY_USER is payment-processing,operator',
  ]);
  const returned = await parked('retry', 'all');

  expect(returned).toMatch(/returned to processPayment\n.*returned to PaymentStat\n/);
  await bothAreParked();
  expect(parkedReasons(await parked('list'))).toEqual([
    expect.stringMatching(/^not JSON/),
    expect.stringMatching(/^not JSON/),
  ]);
  expect(await parked('discard', 'all')).toContain('2 discarded');
});

/** Publishes a message as one of the services does. */
async function sendAs(userId: ServiceName, route: Route, message: object): Promise<void> {
  const sender = await Queues.open(brokerUrlOf(userId));
  await sender.sendWith(route, { userId }, message);
  await sender.close();
}

/** Executes statements as the owner of the tables. */
const execute = (statements: string) => withDatabase(database.url, (sql) => sql.query(statements));

test('each service retries a message whose handling fails', async () => {
  const [orderId, customerId] = [randomUUID(), randomUUID()];
  await execute('ALTER TABLE orders RENAME TO misspelt; ALTER TABLE payments.payments RENAME TO misspelt');
  const answer = { orderId: randomUUID(), paymentId: randomUUID(), success: true, totalAmount: 90 };
  await sendAs('order-management', PROCESS_PAYMENT, { orderId, customerId, totalAmount: 90 });
  await sendAs('payment-processing', PAYMENT_STAT, answer);
  await eventually(async () => {
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) expect(await queues.waiting(retryQueue(route))).toBe(1);
  });

  await execute('ALTER TABLE misspelt RENAME TO orders; ALTER TABLE payments.misspelt RENAME TO payments');

  // The payment is answered, and there is no order for either answer.
  const reasons: unknown[] = [];
  for (let count = 0; count < 2; count++) {
    const { properties } = await queues.take(parkedQueue(PAYMENT_STAT));
    reasons.push(properties.headers?.['x-reason']);
  }
  expect(reasons).toEqual([expect.stringContaining('there is no order'), expect.stringContaining('there is no order')]);
});

test('a service that may not migrate waits for the tables, and names the migrations that are missing', async () => {
  const empty = await createDatabase('privileges');
  const DATABASE_URL = `${empty.url}?schema=payments`;
  const service = await ServiceProcess.launch('payment-processing', { DATABASE_URL, AMQP_URL: 'none', MIGRATE: 'off' });
  await eventually(() => expect(service.output).toMatch(/waiting for PostgreSQL/));
  expect(service.output).toContain('The schema payments lacks the payments migrations 0001_payments, ');
  const ready = await fetch(`${service.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    expect.objectContaining({ checks: expect.objectContaining({ database: 'migrating' }) }),
  ]);

  await migrate(DATABASE_URL, 'payments');

  await eventually(() => expect(service.output).toContain('"msg":"started"'));
  await service.end('SIGKILL');
  await empty.drop();
});

describe('a role of PostgreSQL', () => {
  test.each<[Parameters<typeof databaseUrlOf>[0], string]>([
    ['order_service', 'CREATE TABLE public.mine ()'],
    ['order_service', 'CREATE SCHEMA mine'],
    ['order_service', 'SELECT FROM payments.payments'],
    ['order_service', 'DELETE FROM orders'],
    ['order_service', 'UPDATE order_events SET step = NULL'],
    ['order_service', 'TRUNCATE orders'],
    ['payment_service', 'CREATE TABLE payments.mine ()'],
    ['payment_service', 'SELECT FROM public.orders'],
    ['payment_service', 'DELETE FROM payments'],
  ])('%s may not execute %s', async (role, statement) => {
    const executed = withDatabase(databaseUrlOf(role), (sql) => sql.query(statement));

    await expect(executed).rejects.toMatchObject({ code: '42501' });
  });
});

const publish = (exchange: string, key: string) => async (channel: ConfirmChannel) => {
  channel.publish(exchange, key, Buffer.from('{}'));
  await channel.waitForConfirms();
};
const consume = (queue: string) => (channel: ConfirmChannel) => channel.consume(queue, () => undefined);
const declare = (channel: ConfirmChannel) => channel.assertQueue('mine');

describe('a user of RabbitMQ', () => {
  test.each<[Parameters<typeof brokerUrlOf>[0], string, (channel: ConfirmChannel) => Promise<unknown>]>([
    ['payment-processing', 'publish payment requests', publish('paymentProcessing', 'processPayment')],
    ['payment-processing', 'publish with another key', publish('orderManagement', 'processPayment')],
    ['payment-processing', 'publish to a queue', publish('', 'PaymentStat')],
    ['payment-processing', 'park messages of the other service', publish('PaymentStat.failed', 'PaymentStat.parked')],
    ['payment-processing', 'consume payment answers', consume('PaymentStat')],
    ['payment-processing', 'read parked messages of the other service', consume('PaymentStat.parked')],
    ['payment-processing', 'declare a queue', declare],
    ['order-management', 'publish payment answers', publish('orderManagement', 'PaymentStat')],
    ['order-management', 'publish with another key', publish('paymentProcessing', 'PaymentStat')],
    ['order-management', 'publish to a queue', publish('', 'processPayment')],
    ['order-management', 'consume payment requests', consume('processPayment')],
    ['order-management', 'declare a queue', declare],
    ['operator', 'publish payment answers', publish('orderManagement', 'PaymentStat')],
    ['operator', 'consume payment answers', consume('PaymentStat')],
  ])('%s may not %s', async (user, _, attempt) => {
    const connection = await connect(brokerUrlOf(user));
    const channel = await connection.createConfirmChannel();
    const refused = new Promise<unknown>((resolve) => channel.on('error', resolve));

    await attempt(channel).catch(() => undefined);

    expect(await refused).toMatchObject({ code: 403 });
    await connection.close();
  });
});

/** Returns what a broker that only checks reports; null if it is connected. */
async function reportOf(access: BrokerAccess, url = brokerUrlOf('payment-processing')): Promise<string | null> {
  const broker = new Broker({ url, connectionName: 'test', log: silentLog, checks: access });
  await broker.open();
  try {
    await eventually(() => expect(broker.isUp || broker.misconfiguration !== null).toBe(true));
    return broker.misconfiguration;
  } finally {
    await broker.stop();
  }
}

test('RabbitMQ refuses a message that names another user as its sender', async () => {
  const sender = await Queues.open(brokerUrlOf('payment-processing'));

  const sent = sender.onItsOwnChannel(async (channel) => {
    const refused = new Promise<unknown>((resolve) => channel.on('error', resolve));
    channel.publish('orderManagement', 'PaymentStat', Buffer.from('{}'), { userId: 'operator' });
    throw await refused;
  });

  await expect(sent).rejects.toMatchObject({ code: 406 });
  await sender.close();
});

describe('a service that checks the topology', () => {
  test('reports nothing if nothing is missing', async () => {
    expect(await reportOf(PAYMENTS_ACCESS)).toBeNull();
  });

  test('reports each exchange to which it may not publish', async () => {
    const report = await reportOf(ORDERS_ACCESS);

    expect(report).toMatch(
      /^no right to publish on paymentProcessing with the key processPayment: .* refused for user 'payment-processing'; no right to publish on PaymentStat.failed /,
    );
  });

  test('reports a key with which it may not publish', async () => {
    expect(await reportOf({ ...PAYMENTS_ACCESS, publishes: { ...PAYMENT_STAT, routingKey: 'other' } })).toMatch(
      /^no right to publish on orderManagement with the key other: [^;]* refused for user 'payment-processing'$/,
    );
  });

  test('reports a queue that it may not read', async () => {
    const url = brokerUrlOf('order-management');
    const broker = new Broker({ url, connectionName: 'test', log: silentLog, checks: ORDERS_ACCESS });
    const consumer = new Consumer({
      broker,
      route: PROCESS_PAYMENT,
      log: silentLog,
      handle: async () => ({ outcome: 'duplicate' }),
      probe: async () => undefined,
    });
    await broker.open();

    await eventually(() =>
      expect(consumer.misconfiguration).toMatch(
        /access to queue 'processPayment' .* refused for user 'order-management'/,
      ),
    );
    expect(consumer.isUp).toBe(false);
    await broker.stop();
  });

  test('reports each exchange and queue that is missing', async () => {
    const route = { exchange: 'absent', queue: 'absent', routingKey: 'absent' };

    expect(await reportOf({ consumes: route, publishes: PAYMENT_STAT })).toMatch(
      /no exchange 'absent.failed' .*; .*no queue 'absent' .*; .*no queue 'absent.parked' .*; .*no queue 'absent.delayed'/,
    );
  });
});

test('the documented exchanges and queues are those that a service declares', async () => {
  await queues.onItsOwnChannel(async (channel) => {
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await declareRoute(channel, route);
    await channel.assertQueue(idempotentQueue(PROCESS_PAYMENT), { durable: true });
  });
});
