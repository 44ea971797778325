import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { serveHttp } from '@shop/runtime/http-server';
import { createDatabase, createShopDatabase } from '../../test/servers';
import { eventually } from '../../test/eventually';
import { expectDescribed } from '../../test/openapi/described-responses';
import { following } from '../../test/following';
import { aCustomer, anOriginalOrder, aProduct, stockOf } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { UNREACHABLE } from '../../test/unreachable';
import { TemporalUnavailableError } from '@shop/runtime/temporal';
import { cancelOrder, shipOrder } from '../orders/settle-order';
import { ReadClient } from '../reads/read-client';
import type { OrderToPay } from '../saga/sagas';
import { Backlog } from '../orders/backlog';
import { createOrderApp, type OrderAppOptions } from './app';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let server: Awaited<ReturnType<typeof serveHttp>>;
let started: OrderToPay[];
let cancelled: string[];

beforeAll(async () => {
  shop = await createShopDatabase('http');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  [started, cancelled] = [[], []];
  server = await serve(database);
});
afterEach(() => server.stop());

const serve = (
  client: OrdersClient,
  {
    maxUnsettled = 2_000,
    settles = true,
    ...more
  }: { maxUnsettled?: number; settles?: boolean } & Partial<OrderAppOptions> = {},
) =>
  serveHttp(
    createOrderApp({
      log: silentLog,
      readiness: async () => ({ ready: true, checks: {} }),
      database: client,
      reads: new ReadClient(client),
      starter: { start: (order) => void started.push(order) },
      sagas: {
        signalCancel: async (orderId) => {
          cancelled.push(orderId);
          throw new TemporalUnavailableError('by the test'); // a client must not notice
        },
        refundAgain: async () => undefined,
      },
      backlog: new Backlog(client, maxUnsettled, { hasPaidWithin: () => settles }),
      examineAfterMs: 60_000,
      ...following(client),
      ...more,
    }),
    0,
  );

async function call(method: string, path: string, body?: unknown, { prefix = '/orderManagement', headers = {} } = {}) {
  const response = await fetch(`http://localhost:${server.port}${prefix}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  expectDescribed({ method, target: prefix + path, status: response.status, headers: response.headers, text });
  const json: unknown = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: json };
}

/** Matches a problem document. Clients of the original read its member `error`. */
const problem = (status: number, detail: unknown) => ({
  status,
  body: expect.objectContaining({ type: expect.stringMatching(/^\/problems\//), status, detail, error: detail }),
});

test.each([
  ['/order', 'no-store'],
  ['/order?limit=1', 'no-store'],
  ['/customers', 'no-store'],
  ['/refunds', 'no-store'],
  ['/products', 'no-cache'], // a cache may keep it, and asks each time whether it has changed
])('caches may keep nothing about orders and customers: %s', async (path, cacheControl) => {
  const { status, headers } = await call('GET', path);
  expect([status, headers.get('cache-control')]).toEqual([200, cacheControl]);
});

describe('customers and products', () => {
  test('adds a customer', async () => {
    const customer = { firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' };

    await expect(call('POST', '/customer', customer)).resolves.toMatchObject({
      status: 201,
      body: { ...customer, customerId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  test('adds a product and returns the JSON of the contract', async () => {
    const product = { name: 'Mug', price: 4.5, description: 'Blue', quantityAvailable: 3, productType: 'Kitchen' };

    const { status, body } = await call('POST', '/product', product);

    expect(status).toBe(201);
    expect(body).toEqual({ ...product, productId: expect.any(String), OrderedQuantity: 0 });
  });

  test.each(['?paginationOffset=&paginationLimit=', '?paginationOffset=x&paginationLimit=-1', ''])(
    'lists ten products if the page is not a number: "%s"',
    async (query) => {
      for (let i = 0; i < 11; i++) await aProduct(database);

      expect((await call('GET', `/products${query}`)).body).toHaveLength(10);
    },
  );

  test('lists the requested page', async () => {
    const { body: all } = await call('GET', '/products?paginationLimit=1000');
    const { body: page } = await call('GET', '/products?paginationOffset=1&paginationLimit=2');

    expect(page).toEqual((all as unknown[]).slice(1, 3));
  });

  test('lists at most a thousand products', async () => {
    const product = { name: 'Mug', price: '5.00', quantityAvailable: 1, productType: 'Kitchen' };
    await database.product.createMany({
      data: Array.from({ length: 1_001 }, () => ({ productId: randomUUID(), ...product })),
    });

    expect((await call('GET', '/products?paginationLimit=999999999')).body).toHaveLength(1_000);
    expect((await call('GET', '/products?paginationLimit=9999999999')).body).toHaveLength(10); // too many digits: the default applies
  });

  test('deletes a product unless an order contains it', async () => {
    const [{ productId }, ordered] = [await aProduct(database), await aProduct(database)];
    await place(ordered.productId, 1);

    await expect(call('DELETE', `/product/${productId}`)).resolves.toMatchObject({
      status: 200,
      body: { message: expect.stringContaining(productId) },
    });
    await expect(call('DELETE', `/product/${productId}`)).resolves.toMatchObject(problem(404, expect.anything()));
    await expect(call('DELETE', `/product/${ordered.productId}`)).resolves.toMatchObject(
      problem(
        409,
        `Product ${ordered.productId} is part of orders and cannot be deleted. Retire it instead: POST /product/${ordered.productId}/retire.`,
      ),
    );
    await expect(call('DELETE', '/product/seven')).resolves.toMatchObject(
      problem(400, 'The product id "seven" is not a UUID.'),
    );
  });

  test.each([
    ['the largest price', { price: 99_999_999.99 }, 201],
    ['a price of zero', { price: 0 }, 201],
    ['the largest stock', { quantityAvailable: 2 ** 31 - 1 }, 201],
    ['no description', { description: undefined }, 201],
    ['a price too large for the table', { price: 100_000_000 }, 422],
    ['a price too large for the table when it is rounded', { price: 99_999_999.995 }, 422],
    ['a price that is negative when it is rounded', { price: -0.005 }, 422],
    ['a negative price', { price: -0.01 }, 422],
    ['a price that is a string', { price: '45' }, 422],
    ['a stock too large for the table', { quantityAvailable: 2 ** 31 }, 422],
    ['a fractional stock', { quantityAvailable: 0.5 }, 422],
    ['no name', { name: ' ' }, 422],
    ['a name that is too long', { name: 'a'.repeat(501) }, 422],
    ['a name that PostgreSQL cannot store', { name: 'a\0b' }, 422],
  ])('answers a product with %s', async (_what, more, status) => {
    const product = { name: 'Mug', price: 5, description: '', quantityAvailable: 1, productType: 'Kitchen', ...more };

    expect((await call('POST', '/product', product)).status).toBe(status);
  });

  test('lists every wrong field with the reason', async () => {
    await expect(call('POST', '/customer', { firstName: '', email: 'ann' })).resolves.toMatchObject({
      status: 422,
      body: {
        errors: [
          { field: 'firstName', message: 'must not be empty' },
          { field: 'lastName', message: 'is missing' },
          { field: 'email', message: 'must be an e-mail address' },
        ],
      },
    });
  });

  test.each(['ann@bo.com', 'ann@localhost', 'jörg+shop@bücher.example', "o'neil@bo.ie"])(
    'accepts the e-mail address %s',
    async (email) => {
      expect((await call('POST', '/customer', { firstName: 'Ann', lastName: 'Bo', email })).status).toBe(201);
    },
  );

  test('replaces half of a surrogate pair, as the original does', async () => {
    const answer = await call('POST', '/customer', '{"firstName": "A\\ud800", "lastName": "Bo", "email": "a@bo.com"}');

    expect(answer).toMatchObject({ status: 201, body: { firstName: 'A\uFFFD' } });
  });

  test('uses the first value of a repeated query parameter', async () => {
    await Promise.all([aProduct(database), aProduct(database)]);

    expect((await call('GET', '/products?paginationLimit=1&paginationLimit=2')).body).toHaveLength(1);
  });
});

async function place(productId: string, orderedQuantity: number) {
  const { customerId } = await aCustomer(database);
  return call('POST', '/order', { customerId, products: [{ productId, orderedQuantity }] });
}

const idOf = ({ body }: { body: unknown }): string => (body as { orderId: string }).orderId;

function tooManyInTwoLines() {
  const line = { productId: randomUUID(), orderedQuantity: 2 ** 31 - 1 };
  return { customerId: randomUUID(), products: [line, line] };
}

describe('placing an order', () => {
  test('returns the placed order at the price of the product, and starts its saga', async () => {
    const { customerId } = await aCustomer(database);
    const mug = await aProduct(database, { price: '4.50', quantityAvailable: 10, description: 'Blue' });

    const { status, body } = await call('POST', '/order', {
      customerId,
      products: [{ productId: mug.productId, price: 0.01, name: 'Cheap', productType: 'x', orderedQuantity: 3 }],
    });

    expect(status).toBe(201);
    expect(body).toEqual({
      orderId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      customerId,
      orderStatus: 'placed',
      paymentStatus: 'pending',
      orderDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      products: [
        {
          productId: mug.productId,
          name: 'Mug',
          price: 4.5,
          description: 'Blue',
          quantityAvailable: 7,
          productType: 'Kitchen',
          OrderedQuantity: 3,
        },
      ],
    });
    expect(started).toEqual([{ orderId: idOf({ body }), customerId, totalAmount: '13.50' }]);
    expect(await stockOf(database, mug)).toBe(7);
  });

  test('accepts field names and ids in any case, and merges two lines of one product', async () => {
    const { customerId } = await aCustomer(database);
    const mug = await aProduct(database);

    const { status, body } = await call('POST', '/order', {
      CUSTOMERID: customerId.toUpperCase(),
      Products: [
        { ProductID: mug.productId.toUpperCase(), OrderedQuantity: 1 },
        { productId: mug.productId, orderedQuantity: 2 },
      ],
    });

    expect({ status, body }).toMatchObject({ status: 201, body: { customerId, products: [{ OrderedQuantity: 3 }] } });
  });

  test('refuses an order that exceeds the stock, reports the rest, and starts no saga', async () => {
    const { productId } = await aProduct(database, { quantityAvailable: 1 });

    await expect(place(productId, 3)).resolves.toMatchObject(
      problem(409, `Product ${productId} has 1 unit left; the order needs 3.`),
    );
    await expect(place(productId, 3)).resolves.toMatchObject({
      body: { shortages: [{ productId, ordered: 3, available: 1 }] },
    });
    expect(started).toEqual([]);
  });

  test('refuses an order of an unknown product or customer, and names it', async () => {
    const unknown = randomUUID();
    const { productId } = await aProduct(database);

    await expect(place(unknown, 1)).resolves.toMatchObject(problem(422, `Product ${unknown} does not exist.`));
    await expect(
      call('POST', '/order', { customerId: unknown, products: [{ productId, orderedQuantity: 1 }] }),
    ).resolves.toMatchObject(problem(422, `Customer ${unknown} does not exist.`));
    expect(started).toEqual([]);
  });

  test('refuses an order whose total exceeds the maximum payment', async () => {
    const expensive = await aProduct(database, { price: '99999999.99', quantityAvailable: 20_000_000 });

    await expect(place(expensive.productId, 20_000_000)).resolves.toMatchObject(
      problem(422, 'The order total of $1999999999800000.00 exceeds the maximum of $1000000000000000.'),
    );
    expect(await stockOf(database, expensive)).toBe(20_000_000);
  });

  test.each([0, -1, 1.5, '1', null, 2 ** 31])('refuses a quantity of %j', async (quantity) => {
    const { productId } = await aProduct(database);
    const { customerId } = await aCustomer(database);
    const body = { customerId, products: [{ productId, orderedQuantity: quantity }] };

    await expect(call('POST', '/order', body)).resolves.toMatchObject({
      status: 422,
      body: { errors: [{ field: 'products.0.orderedQuantity', message: expect.any(String) }] },
    });
  });

  test('accepts an order of a thousand lines with all fields of the contract', async () => {
    const { customerId } = await aCustomer(database);
    const { productId } = await aProduct(database, { quantityAvailable: 1_000 });
    const line = { productId, price: 45, name: 'Thermos Flask', productType: 'Home & Kitchen', orderedQuantity: 1 };

    await expect(
      call('POST', '/order', { customerId, products: Array.from({ length: 1_000 }, () => line) }),
    ).resolves.toMatchObject({ status: 201, body: { products: [{ OrderedQuantity: 1_000 }] } });
  });

  test('refuses an order of more than a thousand lines', async () => {
    const products = Array.from({ length: 1_001 }, () => ({ productId: randomUUID(), orderedQuantity: 1 }));

    await expect(call('POST', '/order', { customerId: randomUUID(), products })).resolves.toMatchObject({
      status: 422,
      body: { errors: [{ field: 'products', message: expect.any(String) }] },
    });
  });

  test('lists the first twenty errors, and reports how many more there are', async () => {
    const { body } = await call('POST', '/order', { customerId: 7, products: Array.from({ length: 1_000 }, () => 0) });

    expect((body as { errors: unknown[] }).errors).toHaveLength(20);
    expect((body as { error: string }).error).toMatch(/; and 981 more errors$/);
  });

  test.each([
    ['no products', { customerId: randomUUID(), products: [] }, 422],
    [
      'a customer id that is not a UUID',
      { customerId: 'ann', products: [{ productId: randomUUID(), orderedQuantity: 1 }] },
      422,
    ],
    ['quantities of one product whose sum is too large', tooManyInTwoLines(), 422],
    ['a list', [], 400],
    ['no content', '', 400],
    ['invalid JSON', '{"customerId": ', 400],
    ['null', 'null', 400],
  ])('refuses a body with %s', async (_what, body, status) => {
    await expect(call('POST', '/order', body)).resolves.toMatchObject({
      status,
      body: { error: expect.any(String) },
    });
  });
});

const placeAs = (key: string, body: unknown) => call('POST', '/order', body, { headers: { 'Idempotency-Key': key } });
const anOrder = async () => {
  const [{ customerId }, { productId }] = [await aCustomer(database), await aProduct(database)];
  return { customerId, products: [{ productId, orderedQuantity: 1 }] };
};

describe('placing an order with an Idempotency-Key', () => {
  test('returns the current state of the order on the second request, and starts only one saga', async () => {
    const body = await anOrder();
    const first = await placeAs('same', body);
    await shipOrder(database, idOf(first), randomUUID());

    await expect(placeAs('same', body)).resolves.toMatchObject({
      status: 201,
      body: { orderId: idOf(first), orderStatus: 'shipped' },
    });
    expect(started).toHaveLength(1);
  });

  test('refuses a different order with the same key', async () => {
    const first = await placeAs('another', await anOrder());

    await expect(placeAs('another', await anOrder())).resolves.toMatchObject(
      problem(422, expect.stringContaining(`belongs to the different order ${idOf(first)}`)),
    );
  });

  test('reports that the order of a key was deleted', async () => {
    const body = await anOrder();
    const first = await placeAs('deleted', body);
    await call('DELETE', `/order/${idOf(first)}`);

    await expect(placeAs('deleted', body)).resolves.toMatchObject(
      problem(409, expect.stringContaining(`belongs to order ${idOf(first)}, which was deleted`)),
    );
  });

  test.each(['', 'two words', 'x'.repeat(256), 'é'])('refuses %j as a key', async (key) => {
    await expect(placeAs(key, await anOrder())).resolves.toMatchObject(
      problem(400, 'The Idempotency-Key must consist of 1 to 255 visible ASCII characters.'),
    );
  });
});

describe('an order', () => {
  test('is listed with its products and its date', async () => {
    const { productId } = await aProduct(database);
    const before = Date.now();
    const orderId = idOf(await place(productId, 2));

    const { body } = await call('GET', '/order');
    const listed = (body as { orderId: string; orderDate: string }[]).find((order) => order.orderId === orderId);

    expect(listed).toMatchObject({ orderStatus: 'placed', products: [{ productId, OrderedQuantity: 2, price: 5 }] });
    expect(Math.abs(Date.parse(listed?.orderDate ?? '') - before)).toBeLessThan(60_000);
    await expect(call('GET', `/order/${orderId}`)).resolves.toMatchObject({ status: 200, body: listed });
    await expect(call('GET', `/order/${randomUUID()}`)).resolves.toMatchObject(problem(404, expect.anything()));
  });

  test('is listed by age and its products by id, even if the original wrote it', async () => {
    const customer = await aCustomer(database);
    const product = { name: 'Pan', price: '7.00', quantityAvailable: 1, productType: 'Kitchen' };
    const ids = [randomUUID(), randomUUID()].toSorted();
    for (const productId of ids) await database.product.create({ data: { productId, ...product } });
    const lines = ids.toReversed().map((productId) => ({ productId, quantity: 1 }));
    // The older order has the greater id, so that the test distinguishes the two sort orders.
    const [newer, older] = [
      await anOriginalOrder(database, customer, lines),
      await anOriginalOrder(database, customer, lines),
    ].toSorted() as [string, string];
    await database.order.update({ where: { orderId: older }, data: { orderDate: new Date('2024-04-14T04:28:31Z') } });

    const orders = (await call('GET', '/order')).body as { orderId: string }[];

    const products = ids.map((productId) => ({ productId, description: '', price: 7, OrderedQuantity: 1 }));
    expect(orders.filter(({ orderId }) => [newer, older].includes(orderId))).toMatchObject([
      { orderId: older, orderDate: '2024-04-14T04:28:31.000Z', products },
      { orderId: newer, products },
    ]);
  });

  test('that is placed is cancelled by its saga: the answer is 202', async () => {
    const orderId = idOf(await place((await aProduct(database)).productId, 1));

    expect((await call('POST', `/order/${orderId}/cancel`)).status).toBe(202);
    expect(cancelled).toEqual([orderId]);
  });

  test('that is shipped cannot be cancelled', async () => {
    const orderId = idOf(await place((await aProduct(database)).productId, 1));
    await shipOrder(database, orderId, randomUUID());

    await expect(call('POST', `/order/${orderId}/cancel`)).resolves.toMatchObject(
      problem(409, `Order ${orderId} is already shipped and cannot be cancelled.`),
    );
    await expect(call('POST', `/order/${randomUUID()}/cancel`)).resolves.toMatchObject({ status: 404 });
    expect(cancelled).toEqual([]);
  });

  test('that is cancelled reports the reason', async () => {
    const cancellation = { code: 'payment-declined', reason: 'total amount over $1000' };
    const [known, unknown] = [
      idOf(await place((await aProduct(database)).productId, 1)),
      idOf(await place((await aProduct(database)).productId, 1)),
    ];
    await database.order.update({
      where: { orderId: known },
      data: { orderStatus: 'cancelled', cancellationCode: cancellation.code, cancellationReason: cancellation.reason },
    });
    await database.order.update({ where: { orderId: unknown }, data: { orderStatus: 'failed' } });

    await expect(call('GET', `/order/${known}`)).resolves.toMatchObject({ body: { cancellation } });
    await expect(call('GET', `/order/${unknown}`)).resolves.toMatchObject({ body: { cancellation: null } });
    expect((await call('GET', '/order')).body).toEqual(
      expect.arrayContaining([expect.objectContaining({ orderId: known, cancellation })]),
    );
  });

  test('that is not cancelled has exactly the members of the contract, and three more when it is read alone', async () => {
    const orderId = idOf(await place((await aProduct(database)).productId, 1));
    const members = ['orderId', 'customerId', 'orderStatus', 'paymentStatus', 'orderDate', 'products'];
    const inList = async () =>
      ((await call('GET', '/order')).body as { orderId: string }[]).find((o) => o.orderId === orderId);
    const alone = async () => (await call('GET', `/order/${orderId}`)).body as object;
    const expectMembers = async () => {
      expect(Object.keys((await inList()) ?? {})).toEqual(members);
      expect(Object.keys(await alone())).toEqual([...members, 'totalAmount', 'settledAt', 'links']);
    };

    await expectMembers();
    await shipOrder(database, orderId, randomUUID());
    await expectMembers();
  });

  test('that is settled is deleted without a signal to its saga', async () => {
    const orderId = idOf(await place((await aProduct(database)).productId, 1));
    await cancelOrder(database, orderId, { code: 'payment-timeout', reason: 'No answer.' });

    expect((await call('DELETE', `/order/${orderId}`)).status).toBe(200);
    expect(cancelled).toEqual([]);
  });

  test('that is placed is cancelled when it is deleted, and no longer listed', async () => {
    const orderId = idOf(await place((await aProduct(database)).productId, 1));

    await expect(call('DELETE', `/order/${orderId}`)).resolves.toMatchObject({
      status: 200,
      body: { message: expect.stringContaining(orderId) },
    });
    expect(cancelled).toEqual([orderId]);
    await expect(call('GET', `/order/${orderId}`)).resolves.toMatchObject({ status: 404 });
    const listed = (await call('GET', '/order')).body as { orderId: string }[];
    expect(listed.map((order) => order.orderId)).not.toContain(orderId);
    await expect(call('DELETE', `/order/${orderId}`)).resolves.toMatchObject({ status: 404 });
  });
});

test.each([
  ['GET', '/product', 'POST'],
  ['DELETE', '/product', 'POST'],
  ['PUT', '/order', 'POST, GET, HEAD'],
  ['POST', '/products', 'GET, HEAD'],
  ['POST', '/health', 'GET, HEAD'],
])('answers %s %s with 405 and the allowed methods', async (method, path, allowed) => {
  const answer = await call(method, path);

  expect(answer).toMatchObject(
    problem(405, `${method} is not allowed at /orderManagement${path}. Allowed: ${allowed}.`),
  );
  expect(answer.headers.get('allow')).toBe(allowed);
});

test('ignores the body of a request that needs none', async () => {
  const { productId } = await aProduct(database);

  expect((await call('DELETE', `/product/${productId}`, 'not JSON')).status).toBe(200);
});

test('returns the request id of the client, or a new one, on success and on failure', async () => {
  const headers = { 'X-Request-ID': 'trace-1' };

  expect((await call('GET', '/products', undefined, { headers })).headers.get('x-request-id')).toBe('trace-1');
  expect((await call('POST', '/order', '{', { headers })).headers.get('x-request-id')).toBe('trace-1');
  expect((await call('GET', '/nothing')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test.each(['/orderManagement', '/order-management'])(
  'answers under %s, with and without a trailing slash',
  async (prefix) => {
    await expect(call('GET', '/health', undefined, { prefix })).resolves.toMatchObject({ status: 200, body: 'pong' });
    await expect(call('GET', '/health/', undefined, { prefix })).resolves.toMatchObject({ status: 200, body: 'pong' });
    await expect(call('GET', '/products/', undefined, { prefix })).resolves.toMatchObject({ status: 200 });
  },
);

test('accepts orders beyond the limit while no payment settles any, because a dependency is then unavailable', async () => {
  await server.stop();
  server = await serve(database, { maxUnsettled: 1, settles: false });
  const [{ customerId }, { productId }] = [await aCustomer(database), await aProduct(database)];
  const body = { customerId, products: [{ productId, orderedQuantity: 1 }] };

  for (let i = 0; i < 3; i++) await expect(call('POST', '/order', body)).resolves.toMatchObject({ status: 201 });
});

test('refuses orders with 503 while too many are unsettled, and accepts them again later', async () => {
  await database.order.deleteMany();
  await server.stop();
  server = await serve(database, { maxUnsettled: 3 });
  const [customer, product] = [await aCustomer(database), await aProduct(database, { quantityAvailable: 100 })];
  const body = {
    customerId: customer.customerId,
    products: [{ productId: product.productId, orderedQuantity: 1 }],
  };
  await anOriginalOrder(database, customer, [{ productId: product.productId, quantity: 1 }]); // is not counted

  // The service may count an order twice if it accepts the order during a count. Its next count corrects that, so the
  // test retries.
  const accept = () => eventually(async () => expect((await call('POST', '/order', body)).status).toBe(201));
  for (let i = 0; i < 3; i++) await accept();
  const refused = await call('POST', '/order', body);

  expect(refused).toMatchObject(
    problem(503, '3 orders wait to be settled, which is the limit. Try again in 5 seconds.'),
  );
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await stockOf(database, product)).toBe(97);
  for (const { orderId } of started.slice(0, 1)) await shipOrder(database, orderId, randomUUID());
  await accept();
  await eventually(async () => expect((await call('POST', '/order', body)).status).toBe(503));
});

describe.each([
  ['GET', '/order', undefined],
  ['GET', '/products', undefined],
  ['POST', '/order', { customerId: randomUUID(), products: [{ productId: randomUUID(), orderedQuantity: 1 }] }],
])('%s %s', (method, path, body) => {
  async function callWith(other: OrdersClient, more: Partial<OrderAppOptions> = {}) {
    await server.stop();
    server = await serve(other, more);
    const answer = await call(method, path, body);
    await other.$disconnect();
    return answer;
  }

  const unavailable = problem(503, 'The service is temporarily unavailable. Try again in 5 seconds.');

  test.each([
    ['refuses connections', 'postgresql://postgres:postgres@localhost:1/shop'],
    ['cannot be reached over the network', `postgresql://postgres:postgres@${UNREACHABLE}:5432/shop`],
    ['has a name that does not resolve', 'postgresql://postgres:postgres@shop.invalid:5432/shop'],
  ])('is answered with 503 and Retry-After while the database %s', async (_, url) => {
    const answer = await callWith(connectOrders(url, { poolSize: 1 }));

    expect(answer).toMatchObject(unavailable);
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  describe('without the tables', () => {
    let empty: Awaited<ReturnType<typeof createDatabase>>;
    beforeEach(async () => void (empty = await createDatabase('empty')));
    afterEach(() => empty.drop());

    test('is answered with 500, because waiting would not help', async () => {
      expect((await callWith(connectOrders(empty.url, { poolSize: 1 }))).status).toBe(500);
    });

    test('is answered with 503 while the migrations are being applied', async () => {
      const answer = await callWith(connectOrders(empty.url, { poolSize: 1 }), { isMigrated: () => false });

      expect(answer).toMatchObject(problem(503, 'The database is being prepared. Try again in 5 seconds.'));
      expect(answer.headers.get('retry-after')).toBe('5');
    });
  });
});

describe('a time limit of the database', () => {
  let limited: OrdersClient;
  afterEach(() => limited.$disconnect());

  /** Serves orders over sessions to which the limit applies: with `pgbouncer=true` the service sets none of its own. */
  async function limit(setting: string): Promise<object> {
    const name = new URL(shop.ordersUrl).pathname.slice(1);
    const [parameter] = setting.split(' ');
    await database.$executeRawUnsafe(`ALTER DATABASE "${name}" SET ${setting}`);
    limited = connectOrders(`${shop.ordersUrl}?pgbouncer=true&application_name=limited`, { poolSize: 1 });
    await limited.$queryRaw`SELECT 1`; // it has read the setting
    await database.$executeRawUnsafe(`ALTER DATABASE "${name}" RESET ${parameter}`);
    await server.stop();
    server = await serve(limited);
    const [customer, product] = [await aCustomer(database), await aProduct(database)];
    const { productId } = product;
    return { customerId: customer.customerId, products: [{ productId, orderedQuantity: 1 }] };
  }

  test.each(['lock_timeout', 'statement_timeout'])(
    'such as %s is answered with 503, and the order can be placed later',
    async (parameter) => {
      const order = await limit(`${parameter} = '300ms'`);

      await database.$transaction(
        async (tx) => {
          await tx.$executeRaw`LOCK products`;
          const answer = await call('POST', '/order', order);
          expect(answer).toMatchObject(problem(503, 'The service is temporarily unavailable. Try again in 5 seconds.'));
          expect(answer.headers.get('retry-after')).toBe('5');
        },
        { timeout: 60_000 },
      );

      await eventually(async () => expect((await call('POST', '/order', order)).status).toBe(201));
    },
  );

  test('such as idle_session_timeout is not noticed', async () => {
    const order = await limit(`idle_session_timeout = '100ms'`);
    await eventually(async () => {
      const sessions = database.$queryRaw`SELECT FROM pg_stat_activity WHERE application_name = 'limited'`;
      await expect(sessions).resolves.toEqual([]);
    });

    expect((await call('POST', '/order', order)).status).toBe(201);
  });
});

describe('a query parameter that the route does not have', () => {
  const id = randomUUID();
  test.each([
    ['POST', '/customer'],
    ['POST', '/product'],
    ['DELETE', `/product/${id}`],
    ['POST', '/order'],
    ['GET', `/order/${id}/history`],
    ['DELETE', `/order/${id}`],
    ['POST', `/order/${id}/cancel`],
  ])('is refused by %s %s, which names it', async (method, path) => {
    await expect(call(method, `${path}?orderStatus=shipped`)).resolves.toMatchObject(
      problem(400, `${method} /orderManagement${path} has no query parameter "orderStatus". It has no parameters.`),
    );
  });

  test('is refused with the names of those that the route has', async () => {
    await expect(call('GET', '/products?paginationLimit=1&limit=5')).resolves.toMatchObject(
      problem(
        400,
        'GET /orderManagement/products has no query parameter "limit". Its parameters are paginationOffset, paginationLimit.',
      ),
    );
  });

  test.each(['/health', '/health/'])(
    'is ignored by %s, because health checks send one to avoid caches',
    async (path) => {
      expect((await call('GET', `${path}?t=1`)).status).toBe(200);
    },
  );

  test('does not hide that the path or the method is wrong', async () => {
    expect((await call('GET', '/orders?x=1')).status).toBe(404);
    expect((await call('PUT', '/order?x=1')).status).toBe(405);
  });
});
