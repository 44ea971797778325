import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT, type Route } from '@shop/amqp/topology';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import type { Channel } from 'amqplib';
import { Client as PgClient } from 'pg';
import { callService } from './call';
import { eventually } from './eventually';
import { Queues } from './queues';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// The contract that clients and services of the original rely on, one test per rule, against running services.
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** RFC 3339 with an offset, as Go's `time.Time` decodes it. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const CUSTOMER = PREDEFINED_CUSTOMER.customerId;
const THERMOS = PREDEFINED_PRODUCT.productId;

let database: Awaited<ReturnType<typeof createDatabase>>;
let queues: Queues;
let orders: ServiceProcess;
let shared: NodeJS.ProcessEnv;

beforeAll(async () => {
  database = await createDatabase('conformance');
  queues = await Queues.open(virtualHostUrl('conformance'));
  await queues.onItsOwnChannel(declareAsTheOriginal); // the original ran before
  const { address, namespace } = await createNamespace('conformance');
  shared = {
    AMQP_URL: virtualHostUrl('conformance'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    PAYMENT_TIMEOUT: '1h', // otherwise unpaid orders of one test would release stock while another test counts it
  };
  orders = await ServiceProcess.start('order-management', { ...shared, DATABASE_URL: database.url });
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await queues.close();
  await database.drop();
});

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  callService(orders, method, path, body, headers);

const anOrder = (orderedQuantity: number, productId = THERMOS) => ({
  customerId: CUSTOMER,
  products: [{ productId, price: 45, name: 'Thermos Flask', productType: 'Home & Kitchen', orderedQuantity }],
});

/** Declares the original's exchanges and queues, without arguments, as it does. */
async function declareAsTheOriginal(channel: Channel): Promise<void> {
  for (const [exchange, queue] of [
    ['paymentProcessing', 'processPayment'],
    ['orderManagement', 'PaymentStat'],
  ] as const) {
    await channel.assertExchange(exchange, 'topic', { durable: true, autoDelete: false, internal: false });
    await channel.assertQueue(queue, { durable: true, exclusive: false, autoDelete: false });
    await channel.bindQueue(queue, exchange, queue);
  }
}

const readProduct = async (productId: string): Promise<{ quantityAvailable: number }> => {
  const { body } = await call('GET', '/orderManagement/products?paginationLimit=1000');
  return (body as { productId: string; quantityAvailable: number }[]).find((p) => p.productId === productId)!;
};

/** Adds a product whose stock no other test changes. */
const addProduct = async (): Promise<string> => {
  const product = { name: 'Mug', price: 45, description: '', quantityAvailable: 10, productType: 'Kitchen' };
  const { body } = await call('POST', '/orderManagement/product', product);
  return (body as { productId: string }).productId;
};

const place = async (orderedQuantity: number, productId = THERMOS): Promise<string> => {
  const { status, body } = await call('POST', '/orderManagement/order', anOrder(orderedQuantity, productId));
  expect(status).toBe(201);
  return (body as { orderId: string }).orderId;
};

const read = async (orderId: string): Promise<{ orderStatus: string; paymentStatus: string } | undefined> => {
  const { body } = await call('GET', '/orderManagement/order');
  return (body as { orderId: string; orderStatus: string; paymentStatus: string }[]).find((o) => o.orderId === orderId);
};

describe.each(['/orderManagement', '/order-management'])('HTTP under %s', (prefix) => {
  test('GET /health returns pong', async () => {
    expect(await call('GET', `${prefix}/health`)).toMatchObject({ status: 200, body: 'pong' });
  });

  test('GET /products returns the predefined Thermos Flask', async () => {
    expect(await readProduct(THERMOS)).toEqual({
      productId: THERMOS,
      name: 'Thermos Flask',
      price: 45,
      description: '2L keep cold or warm for 48hrs..',
      quantityAvailable: expect.any(Number),
      productType: 'Home & Kitchen',
      OrderedQuantity: 0,
    });
  });

  test('POST /customer returns 201 and the customer with its id', async () => {
    const customer = { firstName: 'Jane', lastName: 'Roe', email: 'jane@roe.com' };
    const { status, body } = await call('POST', `${prefix}/customer`, customer);

    expect({ status, body }).toEqual({ status: 201, body: { customerId: expect.stringMatching(UUID), ...customer } });
  });

  test('POST /product returns 201 and the product with its id and OrderedQuantity 0', async () => {
    const product = { name: 'Mug', price: 4.5, description: 'Blue', quantityAvailable: 3, productType: 'Kitchen' };
    const { status, body } = await call('POST', `${prefix}/product`, product);

    const productId = expect.stringMatching(UUID);
    expect({ status, body }).toEqual({ status: 201, body: { productId, ...product, OrderedQuantity: 0 } });
  });

  test.each(['', '?paginationOffset=abc&paginationLimit=', '?paginationOffset=-1&paginationLimit=1e309'])(
    'GET /products%s is 200 with an array of ten by product id',
    async (query) => {
      const product = { name: 'Pan', price: 1, quantityAvailable: 1, productType: 'Kitchen' }; // no description
      for (let n = 0; n < 10; n++) expect((await call('POST', `${prefix}/product`, product)).status).toBe(201);

      const { status, body } = await call('GET', `${prefix}/products${query}`);

      const ids = (body as { productId: string }[]).map(({ productId }) => productId);
      expect({ status, listed: ids.length }).toEqual({ status: 200, listed: 10 });
      expect(ids).toEqual(ids.toSorted());
      expect((await call('GET', `${prefix}/products?paginationOffset=1&paginationLimit=1`)).body).toMatchObject([
        { productId: ids[1] },
      ]);
    },
  );

  test('DELETE /product/{id} returns 200 and a message', async () => {
    const product = { name: 'Mug', price: 4.5, description: '', quantityAvailable: 3, productType: 'Kitchen' };
    const { productId } = (await call('POST', `${prefix}/product`, product)).body as { productId: string };

    expect(await call('DELETE', `${prefix}/product/${productId}`)).toMatchObject({
      status: 200,
      body: { message: expect.any(String) },
    });
  });

  test('POST /order returns 201 and the order, placed and pending, before it is paid', async () => {
    const { status, body } = await call('POST', `${prefix}/order/`, anOrder(2));

    expect(status).toBe(201);
    expect(body).toEqual({
      orderId: expect.stringMatching(UUID),
      customerId: CUSTOMER,
      orderStatus: 'placed',
      paymentStatus: 'pending',
      orderDate: expect.stringMatching(RFC_3339),
      products: [
        {
          productId: THERMOS,
          name: 'Thermos Flask',
          price: 45,
          description: '2L keep cold or warm for 48hrs..',
          quantityAvailable: expect.any(Number),
          productType: 'Home & Kitchen',
          OrderedQuantity: 2,
        },
      ],
    });
  });

  test.each([
    [59.970000000000006, 59.97],
    [0.1 + 0.2, 0.3],
    [1.005, 1.01], // half away from zero; the nearest double is below 1.005
    [2.675, 2.68],
    [1.00499, 1],
    [1e-7, 0],
    [0.3 - 0.1 * 3, 0],
    [99_999_999.99499999, 99_999_999.99],
  ])('POST /product rounds the price %d to cents: %d', async (price, rounded) => {
    const product = { name: 'Mug', price, quantityAvailable: 1, productType: 'Kitchen' };

    const { status, body } = await call('POST', `${prefix}/product`, product);

    expect({ status, body }).toMatchObject({ status: 201, body: { price: rounded } });
  });

  test.each([59.970000000000006, -5, 1e21, '45', null, {}, [1]])(
    'POST /order ignores the price %j in a line of the order',
    async (price) => {
      const product = { name: 'Mug', price: 4.5, description: '', quantityAvailable: 1, productType: 'Kitchen' };
      const { productId } = (await call('POST', `${prefix}/product`, product)).body as { productId: string };
      const products = [{ productId, price, orderedQuantity: 1 }];

      const { status, body } = await call('POST', `${prefix}/order`, { customerId: CUSTOMER, products });

      expect({ status, body }).toMatchObject({ status: 201, body: { products: [{ price: 4.5 }] } });
    },
  );

  test('POST /order uses the price of the product, not the price in the request', async () => {
    const line = { productId: THERMOS, price: 0.01, name: 'Cheap', productType: 'None', orderedQuantity: 1 };

    expect((await call('POST', `${prefix}/order`, { customerId: CUSTOMER, products: [line] })).body).toMatchObject({
      products: [{ price: 45, name: 'Thermos Flask', productType: 'Home & Kitchen' }],
    });
  });

  test('field names are case-insensitive, and any content type is accepted', async () => {
    const lines = [{ ProductId: THERMOS, Price: 45, Name: 'x', ProductType: 'x', OrderedQuantity: 1 }];
    for (const type of ['application/json', 'text/plain; charset=ISO-8859-1', 'application/x-www-form-urlencoded']) {
      const headers = { 'Content-Type': type };

      const customer = { FirstName: 'Jane', LASTNAME: 'Roe', Email: 'jane@roe.com' };
      expect((await call('POST', `${prefix}/customer`, customer, headers)).status).toBe(201);
      const product = { Name: 'Mug', PRICE: 1, Description: '', QuantityAvailable: 1, ProductType: 'Kitchen' };
      expect((await call('POST', `${prefix}/product`, product, headers)).status).toBe(201);
      const order = { CustomerID: CUSTOMER, Products: lines };
      expect((await call('POST', `${prefix}/order`, order, headers)).status).toBe(201);
    }
  });

  test.each([
    ['GET', '/health/', 200],
    ['POST', '/customer/', 422],
    ['POST', '/product/', 422],
    ['GET', '/products/', 200],
    ['DELETE', `/product/${CUSTOMER}/`, 404],
    ['POST', '/order/', 422],
    ['GET', '/order/', 200],
    ['DELETE', `/order/${CUSTOMER}/`, 404],
  ])('%s %s is served with a trailing slash', async (method, path, status) => {
    expect((await call(method, prefix + path, method === 'POST' ? {} : undefined)).status).toBe(status);
  });

  test('GET /order returns 200 and all orders with their products and dates', async () => {
    const { status, body } = await call('GET', `${prefix}/order`);

    expect(status).toBe(200);
    for (const order of body as { orderDate: string; products: unknown[] }[]) {
      expect(order.orderDate).toMatch(RFC_3339);
      expect(Math.abs(Date.now() - Date.parse(order.orderDate))).toBeLessThan(10 * 60_000);
      expect(order.products).not.toHaveLength(0);
    }
  });

  test('DELETE /order/{id} returns 200 and a message', async () => {
    const orderId = await place(1);

    expect(await call('DELETE', `${prefix}/order/${orderId}`)).toMatchObject({
      status: 200,
      body: { message: expect.any(String) },
    });
    expect(await read(orderId)).toBeUndefined();
  });

  test.each([
    ['GET', '/health', undefined],
    ['GET', '/nothing', undefined],
    ['POST', '/order', { customerId: 7 }],
    ['POST', '/customer', {}],
    ['DELETE', '/order/7', undefined],
  ])('the response of %s %s carries X-Request-ID', async (method, path, body) => {
    const { status, headers } = await call(method, prefix + path, body);

    expect(headers.get('x-request-id')).toMatch(UUID);
    expect(status).toBeLessThan(500);
    const given = await call(method, prefix + path, body, { 'X-Request-ID': 'trace-1' });
    expect(given.headers.get('x-request-id')).toBe('trace-1');
  });
});

describe('PostgreSQL', () => {
  let sql: PgClient;
  beforeAll(async () => {
    sql = new PgClient({ connectionString: database.url });
    await sql.connect();
  });
  afterAll(() => sql.end());

  test('the tables have the columns and types of the original', async () => {
    const { rows } = await sql.query<{ column: string; type: string; required: boolean }>(`
    SELECT attrelid::regclass || '.' || attname AS column, format_type(atttypid, atttypmod) AS type,
      attnotnull AS required
    FROM pg_attribute WHERE attnum > 0 AND attrelid = ANY ('{customers,products,orders,order_products}'::regclass[])`);
    const columns = Object.fromEntries(
      rows.map(({ column, type, required }) => [column, required ? `${type} !` : type]),
    );

    expect(columns).toMatchObject({
      'customers.customer_id': 'uuid !',
      'customers.first_name': 'text !',
      'customers.last_name': 'text !',
      'customers.email': 'text !',
      'products.product_id': 'uuid !',
      'products.name': 'text !',
      'products.price': 'numeric(10,2) !',
      'products.description': 'text',
      'products.quantity_available': 'integer !',
      'products.product_type': 'text !',
      'orders.order_id': 'uuid !',
      'orders.customer_id': 'uuid',
      'orders.payment_status': 'text !',
      'orders.order_status': 'text !',
      'orders.order_date': 'timestamp(6) without time zone', // the original's `timestamp`
      'order_products.order_id': 'uuid !',
      'order_products.product_id': 'uuid !',
      'order_products.quantity': 'integer !',
    });
  });

  test('the tables accept what the original writes: an order without a date, deleted with its products', async () => {
    await sql.query(`
      BEGIN;
      INSERT INTO orders (order_id, customer_id, payment_status, order_status)
        VALUES ('${CUSTOMER}', '${CUSTOMER}', 'success', 'shipped');
      INSERT INTO order_products (order_id, product_id, quantity) VALUES ('${CUSTOMER}', '${THERMOS}', 1)`);
    const { rows } = await sql.query(`SELECT order_date FROM orders WHERE order_id = '${CUSTOMER}'`);
    await sql.query(`DELETE FROM orders WHERE order_id = '${CUSTOMER}'`);
    const { rowCount } = await sql.query(`SELECT FROM order_products WHERE order_id = '${CUSTOMER}'`);
    await sql.query('ROLLBACK');

    expect(rows).toEqual([{ order_date: expect.any(Date) }]);
    expect(rowCount).toBe(0);
  });
});

/** Receives the payment request of an order; requests of other tests' orders may arrive first. */
async function requestFor(orderId: string) {
  for (;;) {
    const { content, properties, fields } = await queues.take('processPayment');
    const body = JSON.parse(content.toString()) as { orderId: string };
    if (body.orderId === orderId) return { body, properties, fields };
  }
}

/** Message properties that senders use; the receiver must not depend on any. */
const WAYS = [
  ['transient text/json, as the original', { contentType: 'text/json', headers: {}, deliveryMode: 1 }],
  ['no properties at all', {}],
  [
    'persistent JSON with ids and headers',
    {
      contentType: 'application/json',
      deliveryMode: 2,
      messageId: 'm-1',
      correlationId: 'c-1',
      headers: { 'x-tries': 'many', nested: { a: 1 } },
    },
  ],
  ['persistent bytes', { contentType: 'application/octet-stream', contentEncoding: 'none', deliveryMode: 2 }],
] as const;

const sendAs = ({ exchange, routingKey }: Route, message: object, properties: object): Promise<boolean> =>
  queues.onItsOwnChannel(async (channel) =>
    channel.publish(exchange, routingKey, Buffer.from(JSON.stringify(message)), properties),
  );

/** Takes the next parked message. */
const parkedFrom = async (queue: string): Promise<string> => (await queues.take(`${queue}.parked`)).content.toString();

test('the original can declare its exchanges and queues while this system runs', async () => {
  await queues.onItsOwnChannel(declareAsTheOriginal);
});

describe('AMQP with the original payment service, played by this test', () => {
  test('processPayment contains orderId, customerId and totalAmount, a number', async () => {
    const orderId = await place(2);

    const message = await requestFor(orderId);
    expect(message.body).toEqual({ orderId, customerId: CUSTOMER, totalAmount: 90 });
    expect(message.properties.contentType).toBe('text/json');
    expect(message.fields).toMatchObject({ exchange: 'paymentProcessing', routingKey: 'processPayment' });
  });

  test.each([
    ['as the original sends it', { totalAmount: 45, paidAt: '2024-04-14T00:28:31.336146789-04:00', reason: '' }, true],
    ['a decline, with a reason', { totalAmount: 45, reason: 'total amount over $1000' }, false],
    ['without the fields that the original does not read', {}, true],
    [
      'with unknown and malformed optional fields',
      { totalAmount: null, paidAt: 'yesterday', currency: 'USD', reason: null },
      true,
    ],
    ['a decline whose reason PostgreSQL cannot store', { reason: 'no \0 \ud800' }, false],
  ])('PaymentStat settles its order: %s', async (_what, more, success) => {
    const orderId = await place(1);
    await requestFor(orderId);

    await queues.send(PAYMENT_STAT, { orderId, customerId: CUSTOMER, paymentId: randomUUID(), success, ...more });

    const settled = success
      ? { orderStatus: 'shipped', paymentStatus: 'success' }
      : { orderStatus: 'cancelled', paymentStatus: 'failed' };
    await eventually(async () => expect(await read(orderId)).toMatchObject(settled));
  });

  test.each(WAYS)('PaymentStat is accepted as %s', async (_way, properties) => {
    const orderId = await place(1);
    await requestFor(orderId);

    await sendAs(PAYMENT_STAT, { orderId, paymentId: randomUUID(), success: false, reason: 'no' }, properties);

    await eventually(async () => expect(await read(orderId)).toMatchObject({ orderStatus: 'cancelled' }));
  });

  test('a repeated PaymentStat takes and releases stock once', async () => {
    const productId = await addProduct();
    for (const success of [true, false]) {
      const orderId = await place(1, productId);
      const message = { orderId, paymentId: randomUUID(), success };
      await requestFor(orderId);
      await queues.send(PAYMENT_STAT, message, message);
      await eventually(async () => expect((await read(orderId))?.orderStatus).not.toBe('placed'));
      await queues.send(PAYMENT_STAT, message);
    }

    await eventually(async () => expect(await queues.waiting('PaymentStat')).toBe(0));
    expect((await readProduct(productId)).quantityAvailable).toBe(9);
  });

  test.each(['', 'not JSON', '[]', '{"orderId": 7}', '{"orderId": "7", "paymentId": "7", "success": "yes"}'])(
    'an unreadable PaymentStat is parked: %j',
    async (message) => {
      await queues.send(PAYMENT_STAT, message);

      expect(await parkedFrom('PaymentStat')).toBe(message);
    },
  );

  test('the field names of PaymentStat are case-insensitive', async () => {
    const orderId = await place(1);
    await requestFor(orderId);

    await queues.send(PAYMENT_STAT, {
      OrderID: orderId.toUpperCase(),
      CustomerId: CUSTOMER,
      PaymentID: randomUUID(),
      Success: true,
      Reason: '',
    });

    await eventually(async () => expect(await read(orderId)).toMatchObject({ orderStatus: 'shipped' }));
  });
});

describe('AMQP with the original order service, played by this test', () => {
  let payments: ServiceProcess;
  beforeAll(async () => {
    await orders.end('SIGTERM');
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
    payments = await ServiceProcess.start('payment-processing', {
      ...shared,
      DATABASE_URL: `${database.url}?schema=payments`,
    });
  });

  test.each([
    ['/paymentProcessing', 'GET', '/health', 200],
    ['/paymentProcessing', 'GET', '/health/', 200],
    ['/payment-processing', 'GET', '/health', 200],
    ['/paymentProcessing', 'GET', '/nothing', 404],
    ['/paymentProcessing', 'POST', '/health', 405],
  ])('%s: %s %s returns %d with X-Request-ID', async (prefix, method, path, status) => {
    const answer = await callService(payments, method, prefix + path);

    expect(answer).toMatchObject({ status, body: status === 200 ? 'pong' : { status, error: expect.any(String) } });
    expect(answer.headers.get('x-request-id')).toMatch(UUID);
  });

  test.each(WAYS)('processPayment is accepted as %s', async (_way, properties) => {
    const request = { OrderID: randomUUID(), CUSTOMERID: randomUUID(), TotalAmount: 12.5, Note: 'unknown' };

    await sendAs(PROCESS_PAYMENT, request, properties);

    expect(JSON.parse((await queues.take('PaymentStat')).content.toString())).toMatchObject({
      orderId: request.OrderID,
      customerId: request.CUSTOMERID,
      totalAmount: 12.5,
      success: true,
    });
  });

  test('a repeated processPayment is charged once and answered twice with the same answer', async () => {
    const request = { orderId: randomUUID(), customerId: randomUUID(), totalAmount: 90 };
    await queues.send(PROCESS_PAYMENT, request, request);

    const [first, second] = [await queues.take('PaymentStat'), await queues.take('PaymentStat')];

    expect(JSON.parse(second.content.toString())).toEqual(JSON.parse(first.content.toString()));
  });

  test.each(['', 'not JSON', '{"orderId": "7", "customerId": "7", "totalAmount": 1}', '{"totalAmount": "90"}'])(
    'an unreadable processPayment is parked: %j',
    async (message) => {
      await queues.send(PROCESS_PAYMENT, message);

      expect(await parkedFrom('processPayment')).toBe(message);
    },
  );

  test.each([
    [90, true, ''],
    [1000, true, ''],
    [1000.01, false, 'total amount over $1000'],
    [0, true, ''],
  ])('processPayment of %d is answered by PaymentStat with success %s', async (totalAmount, success, reason) => {
    const request = { orderId: randomUUID(), customerId: randomUUID(), totalAmount };

    await queues.send(PROCESS_PAYMENT, request);

    const answer = await queues.take('PaymentStat');
    expect(JSON.parse(answer.content.toString())).toEqual({
      ...request,
      paymentId: expect.stringMatching(UUID),
      success,
      reason,
      paidAt: expect.stringMatching(RFC_3339),
    });
    expect(answer.properties.contentType).toBe('text/json');
    expect(answer.fields).toMatchObject({ exchange: 'orderManagement', routingKey: 'PaymentStat' });
  });
});
