import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { Queues } from './queues';
import { eventually } from './eventually';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';

// What clients and services written against the original rely on, rule by rule, against running services.
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** As Go's decoder of times takes it: RFC 3339 with an offset. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const CUSTOMER = 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce';
const THERMOS = 'e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15';

let database: Awaited<ReturnType<typeof createDatabase>>;
let queues: Queues;
let orders: ServiceProcess;
let shared: NodeJS.ProcessEnv;

beforeAll(async () => {
  database = await createDatabase('conformance');
  queues = await Queues.open(virtualHostUrl('conformance'));
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  const { address, namespace } = await createNamespace('conformance');
  shared = {
    AMQP_URL: virtualHostUrl('conformance'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  orders = await ServiceProcess.start('order-management', { ...shared, DATABASE_URL: database.url });
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await queues.close();
  await database.drop();
});

async function call(method: string, path: string, body?: unknown, service: ServiceProcess = orders) {
  const response = await fetch(service.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }), // no content type: Go does not look at it
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
}

const anOrder = (orderedQuantity: number) => ({
  customerId: CUSTOMER,
  products: [{ productId: THERMOS, price: 45, name: 'Thermos Flask', productType: 'Home & Kitchen', orderedQuantity }],
});

const place = async (orderedQuantity: number): Promise<string> => {
  const { status, body } = await call('POST', '/orderManagement/order', anOrder(orderedQuantity));
  expect(status).toBe(201);
  return (body as { orderId: string }).orderId;
};

const read = async (orderId: string): Promise<{ orderStatus: string; paymentStatus: string } | undefined> => {
  const { body } = await call('GET', '/orderManagement/order');
  return (body as { orderId: string; orderStatus: string; paymentStatus: string }[]).find((o) => o.orderId === orderId);
};

describe.each(['/orderManagement', '/order-management'])('HTTP under %s', (prefix) => {
  test('GET /health is pong', async () => {
    expect(await call('GET', `${prefix}/health`)).toMatchObject({ status: 200, body: 'pong' });
  });

  test('POST /customer is 201 with the customer and its id', async () => {
    const customer = { firstName: 'Jane', lastName: 'Roe', email: 'jane@roe.com' };
    const { status, body } = await call('POST', `${prefix}/customer`, customer);

    expect({ status, body }).toEqual({ status: 201, body: { customerId: expect.stringMatching(UUID), ...customer } });
  });

  test('POST /product is 201 with the product, its id, and OrderedQuantity 0', async () => {
    const product = { name: 'Mug', price: 4.5, description: 'Blue', quantityAvailable: 3, productType: 'Kitchen' };
    const { status, body } = await call('POST', `${prefix}/product`, product);

    const productId = expect.stringMatching(UUID);
    expect({ status, body }).toEqual({ status: 201, body: { productId, ...product, OrderedQuantity: 0 } });
  });

  test('GET /products is 200 with an array by product id, its page defaulting to 0 and 10', async () => {
    const { status, body } = await call('GET', `${prefix}/products?paginationOffset=abc&paginationLimit=`);
    const ids = (body as { productId: string }[]).map(({ productId }) => productId);

    expect(status).toBe(200);
    expect(ids).toEqual(ids.toSorted());
    expect((await call('GET', `${prefix}/products?paginationOffset=1&paginationLimit=1`)).body).toMatchObject([
      { productId: ids[1] },
    ]);
  });

  test('DELETE /product/{id} is 200 with a message', async () => {
    const product = { name: 'Mug', price: 4.5, description: '', quantityAvailable: 3, productType: 'Kitchen' };
    const { productId } = (await call('POST', `${prefix}/product`, product)).body as { productId: string };

    expect(await call('DELETE', `${prefix}/product/${productId}`)).toMatchObject({
      status: 200,
      body: { message: expect.any(String) },
    });
  });

  test('POST /order is 201 with the order, placed and pending, before it is paid', async () => {
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

  test('GET /order is 200 with all orders, their products and their real dates', async () => {
    const { status, body } = await call('GET', `${prefix}/order`);

    expect(status).toBe(200);
    for (const order of body as { orderDate: string; products: unknown[] }[]) {
      expect(order.orderDate).toMatch(RFC_3339);
      expect(Math.abs(Date.now() - Date.parse(order.orderDate))).toBeLessThan(10 * 60_000);
      expect(order.products).not.toHaveLength(0);
    }
  });

  test('DELETE /order/{id} is 200 with a message', async () => {
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
  ])('every response carries X-Request-ID, that of %s %s too', async (method, path, body) => {
    const { status, headers } = await call(method, prefix + path, body);

    expect(headers.get('x-request-id')).toMatch(UUID);
    expect(status).toBeLessThan(500);
  });
});

/** The request for an order's payment; those of the orders above may come before it. */
async function requestFor(orderId: string) {
  for (;;) {
    const { content, properties, fields } = await queues.take('processPayment');
    const body = JSON.parse(content.toString()) as { orderId: string };
    if (body.orderId === orderId) return { body, properties, fields };
  }
}

describe('AMQP, this test in the place of the original payment service', () => {
  test('processPayment carries orderId, customerId and totalAmount, a number', async () => {
    const orderId = await place(2);

    const message = await requestFor(orderId);
    expect(message.body).toEqual({ orderId, customerId: CUSTOMER, totalAmount: 90 });
    expect(message.properties.contentType).toBe('text/json');
    expect(message.fields).toMatchObject({ exchange: 'paymentProcessing', routingKey: 'processPayment' });
  });

  test.each([
    ['as the original sends it', { totalAmount: 45, paidAt: '2024-04-14T00:28:31.336146789-04:00', reason: '' }, true],
    ['a decline, with a reason', { totalAmount: 45, reason: 'total amount over $1000' }, false],
    ['without what the original does not read', {}, true],
  ])('PaymentStat settles its order: %s', async (_what, more, success) => {
    const orderId = await place(1);
    await requestFor(orderId);

    await queues.send(PAYMENT_STAT, { orderId, customerId: CUSTOMER, paymentId: randomUUID(), success, ...more });

    const settled = success
      ? { orderStatus: 'shipped', paymentStatus: 'success' }
      : { orderStatus: 'cancelled', paymentStatus: 'failed' };
    await eventually(async () => expect(await read(orderId)).toMatchObject(settled));
  });

  test('PaymentStat is read in any case of its fields', async () => {
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

describe('AMQP, this test in the place of the original order service', () => {
  let payments: ServiceProcess;
  beforeAll(async () => {
    await orders.end('SIGTERM');
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
    payments = await ServiceProcess.start('payment-processing', {
      ...shared,
      DATABASE_URL: `${database.url}?schema=payments`,
    });
  });

  test.each(['/paymentProcessing', '/payment-processing'])('GET %s/health is pong', async (prefix) => {
    expect(await call('GET', `${prefix}/health`, undefined, payments)).toMatchObject({ status: 200, body: 'pong' });
  });

  test.each([
    [90, true, ''],
    [1000, true, ''],
    [1000.01, false, 'total amount over $1000'],
    [0, true, ''],
  ])('processPayment over %d is answered by PaymentStat with success %s', async (totalAmount, success, reason) => {
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
