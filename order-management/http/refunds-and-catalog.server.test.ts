import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { serveHttp } from '@shop/runtime/http-server';
import { TemporalUnavailableError } from '@shop/runtime/temporal';
import type { RefundInput } from '@shop/workflows/contract';
import { expectDescribed } from '../../test/openapi/described-responses';
import { following } from '../../test/following';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct, stockOf } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import type { Product } from '../catalog/products';
import { acceptOrder } from '../orders/accept-order';
import { recordRefund } from '../orders/record-refund';
import { cancelOrder, shipOrder } from '../orders/settle-order';
import { ReadClient } from '../reads/read-client';
import { createOrderApp } from './app';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let server: Awaited<ReturnType<typeof serveHttp>>;
let held: ReturnType<typeof following>;
let started: RefundInput[];
let isTemporalUnavailable: boolean;

beforeAll(async () => {
  shop = await createShopDatabase('http_catalog');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});
beforeEach(async () => {
  started = [];
  isTemporalUnavailable = false;
  held = following(database);
  const app = createOrderApp({
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
    database,
    reads: new ReadClient(database),
    starter: { start: () => undefined },
    sagas: {
      signalCancel: async () => true,
      refundAgain: async (refund) => {
        started.push(refund);
        if (isTemporalUnavailable) throw new TemporalUnavailableError('by the test');
      },
    },
    backlog: { admit: (accept) => accept() },
    examineAfterMs: 60_000,
    ...held,
  });
  server = await serveHttp(app, 0);
});
afterEach(() => Promise.all([server.stop(), held.waits.stop()]));

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const target = `/orderManagement${path}`;
  const response = await fetch(`http://localhost:${server.port}${target}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  expectDescribed({ method, target, status: response.status, headers: response.headers, text });
  const json = JSON.parse(text) as { detail?: string; code?: string };
  return { status: response.status, headers: response.headers, body: json };
}

const problem = (status: number, code: string, detail: unknown = expect.anything()) => ({
  status,
  body: expect.objectContaining({ code, detail }),
});

/** The JSON of a product, as its own path shows it. */
const jsonOf = (product: Product, more: object = {}) => ({
  ...product,
  price: Number(product.price),
  OrderedQuantity: 0,
  retired: false,
  ...more,
});

const order = (product: Product, quantity = 1) =>
  aCustomer(database).then(({ customerId }) =>
    call('POST', '/order', { customerId, products: [{ productId: product.productId, orderedQuantity: quantity }] }),
  );

describe('a customer', () => {
  test('is read and changed, in part or as a whole', async () => {
    const customer = await aCustomer(database);
    const path = `/customer/${customer.customerId}`;

    await expect(call('GET', path)).resolves.toMatchObject({ status: 200, body: customer });
    const patched = { ...customer, email: 'new@bo.com' };
    await expect(call('PATCH', path, { email: 'new@bo.com' })).resolves.toMatchObject({ status: 200, body: patched });
    const fields = { firstName: 'Bea', lastName: 'Co', email: 'bea@co.com' };
    await expect(call('PUT', path, { ...fields, customerId: randomUUID() })).resolves.toMatchObject({
      status: 200,
      body: { ...fields, customerId: customer.customerId },
    });
    await expect(call('GET', path)).resolves.toMatchObject({ body: { ...customer, ...fields } });
  });

  test.each(['GET', 'PUT', 'PATCH'])('that does not exist: %s answers 404', async (method) => {
    const body = method === 'GET' ? undefined : { firstName: 'A', lastName: 'B', email: 'a@b.com' };
    const id = randomUUID();

    await expect(call(method, `/customer/${id}`, body)).resolves.toMatchObject(
      problem(404, 'customer-not-found', `Customer ${id} does not exist.`),
    );
  });

  test.each([
    ['PUT', { firstName: 'A' }, 'lastName: is missing; email: is missing'],
    ['PATCH', { email: 'nobody' }, 'email: must be an e-mail address'],
    ['PATCH', { firstNmae: 'A' }, 'body: must contain at least one of firstName, lastName, email'],
  ])('%s with %j is refused', async (method, body, detail) => {
    const { customerId } = await aCustomer(database);

    await expect(call(method, `/customer/${customerId}`, body)).resolves.toMatchObject(
      problem(422, 'invalid-fields', detail),
    );
  });

  test('is changed only by a client that has read its current state, if the client sends If-Match', async () => {
    const path = `/customer/${(await aCustomer(database)).customerId}`;
    const tag = (await call('GET', path)).headers.get('etag')!;

    const changed = await call('PATCH', path, { firstName: 'Bea' }, { 'If-Match': `"other", ${tag}` });
    expect(changed.status).toBe(200);
    await expect(call('PATCH', path, { firstName: 'Cem' }, { 'If-Match': tag })).resolves.toMatchObject(
      problem(412, 'precondition-failed'),
    );
    await expect(call('PATCH', path, { lastName: 'Do' }, { 'If-Match': `W/${tag}` })).resolves.toMatchObject({
      status: 412,
    });
    const current = changed.headers.get('etag')!;
    await expect(
      call('PUT', path, { ...changed.body, lastName: 'Do' }, { 'If-Match': current }),
    ).resolves.toMatchObject({ status: 200, body: { firstName: 'Bea', lastName: 'Do' } });
    await expect(call('PATCH', path, { firstName: 'Cem' }, { 'If-Match': 'yes' })).resolves.toMatchObject(
      problem(400, 'invalid-header', expect.stringContaining('If-Match must be')),
    );
    await expect(call('PATCH', path, { firstName: 'Cem' }, { 'If-Match': '*' })).resolves.toMatchObject({
      status: 200,
    });
  });
});

describe('a product', () => {
  test('is read and changed, in part or as a whole, without its stock', async () => {
    const product = await aProduct(database);
    const path = `/product/${product.productId}`;

    await expect(call('GET', path)).resolves.toMatchObject({ status: 200, body: jsonOf(product) });
    const patched = jsonOf(product, { price: 1.01, description: '' });
    await expect(call('PATCH', path, { PRICE: 1.005, description: null })).resolves.toMatchObject({
      status: 200,
      body: patched,
    });
    const fields = { name: 'Cup', price: 7, productType: 'Table' };
    await expect(call('PUT', path, fields)).resolves.toMatchObject({ status: 200, body: { ...patched, ...fields } });
  });

  test('keeps the price in orders that were placed before the change', async () => {
    const product = await aProduct(database, { price: '5.00' });
    const { body: before } = await order(product);
    await call('PATCH', `/product/${product.productId}`, { price: 9 });

    const { orderId } = before as { orderId: string };
    await expect(call('GET', `/order/${orderId}`)).resolves.toMatchObject({ body: { products: [{ price: 5 }] } });
    expect((await order(product)).body).toMatchObject({ products: [{ price: 9 }] });
  });

  test.each([
    ['PATCH', { quantityAvailable: 10 }, 'quantityAvailable: cannot be set. Use POST /product/{id}/restock'],
    ['PATCH', { retired: true }, 'retired: cannot be set. Use POST /product/{id}/retire'],
    ['PATCH', {}, 'body: must contain at least one of name, price, description, productType'],
    ['PATCH', { price: -1 }, 'price: must not be negative'],
    ['PUT', { name: 'Cup', price: 1, productType: 'T', quantityAvailable: 10 }, 'quantityAvailable: cannot be set.'],
    ['PUT', { price: 1, productType: 'Table' }, 'name: is missing'],
  ])('%s with %j is refused', async (method, body, detail) => {
    const product = await aProduct(database);

    await expect(call(method, `/product/${product.productId}`, body)).resolves.toMatchObject(
      problem(422, 'invalid-fields', expect.stringContaining(detail)),
    );
    expect(await stockOf(database, product)).toBe(10);
  });

  test('is changed only by a client that has read its current state, if the client sends If-Match', async () => {
    const product = await aProduct(database);
    const path = `/product/${product.productId}`;
    const tag = (await call('GET', path)).headers.get('etag')!;
    await order(product);

    await expect(call('PATCH', path, { name: 'Cup' }, { 'If-Match': tag })).resolves.toMatchObject(
      problem(412, 'precondition-failed'),
    );
  });

  test('is restocked, once for each Idempotency-Key', async () => {
    const product = await aProduct(database);
    const path = `/product/${product.productId}/restock`;
    const key = { 'Idempotency-Key': randomUUID() };

    for (let i = 0; i < 2; i++) {
      await expect(call('POST', path, { quantity: 5 }, key)).resolves.toMatchObject({
        status: 200,
        body: jsonOf(product, { quantityAvailable: 15 }),
      });
    }
    await expect(call('POST', path, { quantity: 6 }, key)).resolves.toMatchObject(
      problem(422, 'idempotency-key-reused'),
    );
    await expect(call('POST', path, { quantity: -16 })).resolves.toMatchObject(
      problem(
        409,
        'stock-out-of-range',
        `Product ${product.productId} has 15 units, which cannot be changed by -16: units can be removed down to 0 and added up to 2147483647.`,
      ),
    );
    await expect(call('POST', path, { quantity: 2 ** 31 - 1 })).resolves.toMatchObject(
      problem(409, 'stock-out-of-range'),
    );
    expect(await stockOf(database, product)).toBe(15);
  });

  test.each([0, 1.5, '5', 2 ** 31, null])('is not restocked by %j', async (quantity) => {
    const product = await aProduct(database);

    await expect(call('POST', `/product/${product.productId}/restock`, { quantity })).resolves.toMatchObject(
      problem(422, 'invalid-fields'),
    );
  });

  test('that is retired is hidden and refused until it is restored', async () => {
    const product = await aProduct(database);
    const path = `/product/${product.productId}`;
    const placed = await order(product);
    expect(placed.status).toBe(201);
    const isListed = async () => {
      const { body } = await call('GET', '/products?paginationLimit=1000');
      return (body as { productId?: string }[]).some(({ productId }) => productId === product.productId);
    };

    const retired = jsonOf(product, { quantityAvailable: 9, retired: true });
    for (let i = 0; i < 2; i++) {
      await expect(call('POST', `${path}/retire`)).resolves.toMatchObject({ status: 200, body: retired });
    }
    expect(await isListed()).toBe(false);
    await expect(call('GET', path)).resolves.toMatchObject({ status: 200, body: retired });
    await expect(order(product)).resolves.toMatchObject(
      problem(422, 'product-retired', `Product ${product.productId} is retired.`),
    );
    await expect(call('DELETE', path)).resolves.toMatchObject(problem(409, 'product-in-use'));

    await expect(call('POST', `${path}/restore`)).resolves.toMatchObject({ status: 200, body: { retired: false } });
    expect(await isListed()).toBe(true);
    expect((await order(product)).status).toBe(201);
  });

  test.each([
    ['GET', ''],
    ['PUT', ''],
    ['PATCH', ''],
    ['POST', '/restock'],
    ['POST', '/retire'],
    ['POST', '/restore'],
  ])('that does not exist: %s …%s answers 404', async (method, action) => {
    const id = randomUUID();
    const body = action === '/restock' ? { quantity: 1 } : { name: 'Cup', price: 1, productType: 'Table' };

    await expect(call(method, `/product/${id}${action}`, method === 'GET' ? undefined : body)).resolves.toMatchObject(
      problem(404, 'product-not-found', `Product ${id} does not exist.`),
    );
  });
});

async function aPlacedOrder(): Promise<string> {
  const { body } = await order(await aProduct(database), 2);
  return (body as { orderId: string }).orderId;
}

async function aShippedOrder(): Promise<{ orderId: string; paymentId: string }> {
  const [orderId, paymentId] = [await aPlacedOrder(), randomUUID()];
  await shipOrder(database, orderId, paymentId);
  return { orderId, paymentId };
}

describe('a refund by hand', () => {
  test('of a shipped order is recorded, started, and answered 202, then 200 once it is refunded', async () => {
    const { orderId, paymentId } = await aShippedOrder();
    const path = `/order/${orderId}/refund`;
    const accepted = { status: 202, body: { refundId: paymentId, message: expect.stringContaining('being refunded') } };

    await expect(call('POST', path, { reason: 'damaged' })).resolves.toMatchObject(accepted);
    await expect(call('POST', path, { reason: 'lost' })).resolves.toMatchObject({
      ...accepted,
      body: {
        refundId: paymentId,
        message: `The payment of order ${orderId} is being refunded. An earlier request gave the reason: damaged`,
      },
    });
    expect(started).toEqual([1, 2].map(() => ({ orderId, paymentId, reason: 'damaged' })));
    await recordRefund(database, { orderId, paymentId }, paymentId);

    await expect(call('POST', path)).resolves.toMatchObject({ status: 200, body: { refundId: paymentId } });
    await expect(call('GET', `/order/${orderId}`)).resolves.toMatchObject({
      body: { orderStatus: 'shipped', paymentStatus: 'refunded' },
    });
    expect(started).toHaveLength(2);
  });

  test('is accepted while Temporal is unavailable, but a repeated request is answered with 503', async () => {
    isTemporalUnavailable = true;
    const { orderId, paymentId } = await aShippedOrder();
    const path = `/order/${orderId}/refund`;

    await expect(call('POST', path)).resolves.toMatchObject({ status: 202 });
    await expect(call('POST', path)).resolves.toMatchObject(problem(503, 'service-unavailable'));

    await expect(call('GET', `/refunds?order_id=${orderId}`)).resolves.toMatchObject({ body: [{ paymentId }] });
  });

  test('needs no reason', async () => {
    for (const body of [undefined, '', {}, { reason: null }, { reason: ' ' }]) {
      const { orderId } = await aShippedOrder();
      await expect(call('POST', `/order/${orderId}/refund`, body)).resolves.toMatchObject({ status: 202 });
    }
    expect(started.map(({ reason }) => reason)).toEqual(started.map(() => 'no reason given'));
  });

  test.each([{ amount: 5 }, { reason: 7 }, { reason: 'a\0b' }, { reason: 'x'.repeat(501) }])(
    'with %j is refused',
    async (body) => {
      const { orderId } = await aShippedOrder();

      await expect(call('POST', `/order/${orderId}/refund`, body)).resolves.toMatchObject(
        problem(422, 'invalid-fields'),
      );
      expect(started).toEqual([]);
    },
  );

  test('of an order that is not shipped is refused, and the answer says what to do', async () => {
    const [placed, cancelled] = [await aPlacedOrder(), await aPlacedOrder()];
    await cancelOrder(database, cancelled, { code: 'payment-timeout', reason: 'no answer' });

    await expect(call('POST', `/order/${placed}/refund`)).resolves.toMatchObject(
      problem(409, 'order-not-refundable', expect.stringContaining('Cancel it instead')),
    );
    await expect(call('POST', `/order/${cancelled}/refund`)).resolves.toMatchObject(
      problem(409, 'order-not-refundable', expect.stringContaining('refunded without a request')),
    );
    await expect(call('POST', `/order/${randomUUID()}/refund`)).resolves.toMatchObject(problem(404, 'order-not-found'));
    expect(started).toEqual([]);
  });

  test('of an order that the original shipped is refused, because its payment is unknown', async () => {
    const { orderId } = await aShippedOrder();
    await database.order.update({ where: { orderId }, data: { paymentId: null } });

    await expect(call('POST', `/order/${orderId}/refund`)).resolves.toMatchObject(
      problem(409, 'order-not-refundable', expect.stringContaining('in the system that charged it')),
    );
  });
});

describe('the list of refunds', () => {
  beforeEach(() => database.refundDue.deleteMany().then(() => undefined));

  test('has each refund that has not ended, with its amount and reason', async () => {
    const byHand = await aShippedOrder();
    await call('POST', `/order/${byHand.orderId}/refund`, { reason: 'damaged' });
    const unpaid = await aPlacedOrder();
    await cancelOrder(database, unpaid, { code: 'payment-timeout', reason: 'No answer.' });

    const common = { amount: 10, notedAt: expect.stringMatching(/Z$/) };
    await expect(call('GET', '/refunds')).resolves.toMatchObject({
      status: 200,
      body: [
        { ...common, ...byHand, refundId: byHand.paymentId, reason: 'damaged' },
        { ...common, orderId: unpaid, paymentId: null, refundId: unpaid, reason: 'No answer.' },
      ],
    });
  });

  test('has those of one order, if the query names it', async () => {
    const [one, other] = [await aShippedOrder(), await aShippedOrder()];
    for (const { orderId } of [one, other]) await call('POST', `/order/${orderId}/refund`);

    const { body } = await call('GET', `/refunds?order_id=${other.orderId}`);

    expect(body).toMatchObject([other]);
    expect(body).toHaveLength(1);
  });

  test('is read page by page, even while refunds end', async () => {
    const { customerId } = await aCustomer(database);
    const product = await aProduct(database);
    const outcome = await acceptOrder(
      database,
      { customerId, lines: [{ productId: product.productId, quantity: 1 }] },
      60_000,
    );
    if (!outcome.accepted) throw new Error('not accepted');
    await database.$executeRaw`
      INSERT INTO refunds_due (refund_id, order_id, examine_after, noted_at)
      SELECT gen_random_uuid(), ${outcome.order.orderId}::uuid, now(), now() + (n / 2) * interval '1 microsecond'
      FROM generate_series(1, 7) n`;
    const expected = await database.refundDue.findMany({ orderBy: [{ notedAt: 'asc' }, { refundId: 'asc' }] });

    const listed: unknown[] = [];
    for (let query: string | undefined = '?limit=3'; query !== undefined;) {
      const { body, headers } = await call('GET', `/refunds${query}`);
      const ids = (body as { refundId?: string }[]).map(({ refundId }) => refundId);
      listed.push(...ids);
      await database.refundDue.deleteMany({ where: { refundId: { in: ids as string[] } } });
      query = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(listed).toEqual(expected.map(({ refundId }) => refundId));
  });

  test.each(['?limit=0', '?limit=1001', '?limit=ten', '?cursor=1', '?limit=1&limit=2', '?order_id=1'])(
    'is refused with %s',
    async (query) => {
      await expect(call('GET', `/refunds${query}`)).resolves.toMatchObject(problem(400, 'invalid-query-parameter'));
    },
  );
});
