import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { callService } from './call';
import { eventually } from './eventually';
import { TcpProxy } from './tcp-proxy';
import { createDatabase, createNamespace } from './servers';
import { ServiceProcess } from './service-process';

// The errors that clients receive, one test per rule, against a running service.
const CUSTOMER = PREDEFINED_CUSTOMER.customerId;
const THERMOS = PREDEFINED_PRODUCT.productId;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

let database: Awaited<ReturnType<typeof createDatabase>>;
let proxy: TcpProxy;
let orders: ServiceProcess;

beforeAll(async () => {
  database = await createDatabase('conformance_errors');
  proxy = await TcpProxy.to(database.url);
  const { address, namespace } = await createNamespace('conformance_errors');
  orders = await ServiceProcess.start('order-management', {
    DATABASE_URL: proxy.url,
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  });
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await proxy.close();
  await database.drop();
});

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  callService(orders, method, `/orderManagement${path}`, body, headers);

const anOrder = (orderedQuantity: unknown, productId: string = THERMOS, customerId: string = CUSTOMER) => ({
  customerId,
  products: [{ productId, orderedQuantity }],
});

async function expectProblem(answer: ReturnType<typeof call>, status: number, error: unknown): Promise<Headers> {
  const { headers, ...rest } = await answer;
  expect(rest).toMatchObject({ status, body: { status, title: expect.any(String), detail: error, error } });
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(headers.get('x-request-id')).not.toBeNull();
  return headers;
}

describe('an error is a problem document with the field `error`:', () => {
  test.each<[number, string, string, string, unknown, RegExp]>([
    [400, 'a body that is not JSON', 'POST', '/order', '{"customerId"', /^The body is not JSON: /],
    [400, 'an empty body', 'POST', '/customer', '', /^The body is empty/],
    [400, 'a body that is not an object', 'POST', '/product', [], /must be a JSON object/],
    [400, 'an id that is not a UUID', 'DELETE', '/order/7', undefined, /"7" is not a UUID/],
    [400, 'a path that cannot be decoded', 'DELETE', '/order/%E0%A4%A', undefined, /%E0%A4%A/],
    [404, 'an unknown path', 'GET', '/nothing', undefined, /^No route for GET \/orderManagement\/nothing/],
    [404, 'an unknown order', 'DELETE', `/order/${UNKNOWN_ID}`, undefined, /^Order 0.* does not exist/],
    [404, 'an unknown product', 'DELETE', `/product/${UNKNOWN_ID}`, undefined, /^Product 0.* does not exist/],
    [405, 'an unknown method', 'PUT', '/order', undefined, /POST, GET, HEAD/],
    [405, 'DELETE /product without an id', 'DELETE', '/product', undefined, /^DELETE is not allowed/],
    [
      409,
      'an order that exceeds the stock',
      'POST',
      '/order',
      anOrder(26),
      /^Product e574.* has 25 units left; the order needs 26/,
    ],
    [413, 'a body larger than 1 MiB', 'POST', '/product', { name: 'x'.repeat(2 ** 20) }, /larger than 1 MiB/],
    [422, 'a missing field', 'POST', '/customer', { firstName: 'A', email: 'a@b.c' }, /^lastName: is missing$/],
    [422, 'a field of a wrong type', 'POST', '/order', anOrder('2'), /^products\.0\.orderedQuantity: .*number/],
    [
      422,
      'a NUL character, which PostgreSQL cannot store',
      'POST',
      '/customer',
      { firstName: '\0', lastName: 'B', email: 'a@b.c' },
      /^firstName: .*NUL/,
    ],
    [422, 'an order of an unknown product', 'POST', '/order', anOrder(1, UNKNOWN_ID), /^Product 0.* does not exist/],
    [
      422,
      'an order of an unknown customer',
      'POST',
      '/order',
      anOrder(1, THERMOS, UNKNOWN_ID),
      /^Customer 0.* does not exist/,
    ],
  ])('%i for %s', async (status, _what, method, path, body, error) => {
    await expectProblem(call(method, path, body), status, expect.stringMatching(error));
  });

  test.each([
    ['an unknown charset', { 'Content-Type': 'application/json; charset=klingon' }],
    ['an unknown compression', { 'Content-Encoding': 'zstd' }],
  ])('415 for a body with %s', async (_what, headers) => {
    await expectProblem(call('POST', '/customer', '{}', headers), 415, expect.any(String));
  });

  test('409 for the deletion of a product that has orders', async () => {
    await call('POST', '/order', anOrder(1));

    await expectProblem(call('DELETE', `/product/${THERMOS}`), 409, expect.stringMatching(/is part of orders/));
  });
});

describe('while PostgreSQL is unavailable', () => {
  beforeAll(() => proxy.stop());

  test.each([
    ['POST', '/customer', { firstName: 'A', lastName: 'B', email: 'a@b.c' }],
    ['POST', '/product', { name: 'Mug', price: 1, quantityAvailable: 1, productType: 'Kitchen' }],
    ['GET', '/products', undefined],
    ['DELETE', `/product/${UNKNOWN_ID}`, undefined],
    ['POST', '/order', anOrder(1)],
    ['GET', '/order', undefined],
    ['GET', `/order/${UNKNOWN_ID}`, undefined],
    ['POST', `/order/${UNKNOWN_ID}/cancel`, undefined],
    ['DELETE', `/order/${UNKNOWN_ID}`, undefined],
  ])('%s %s returns 503 within seconds, with Retry-After', async (method, path, body) => {
    const began = Date.now();

    const headers = await expectProblem(call(method, path, body), 503, expect.stringMatching(/unavailable/));

    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(Date.now() - began).toBeLessThan(6_000);
  });

  test('/health returns pong, and an invalid request is answered with 400', async () => {
    expect(await call('GET', '/health')).toMatchObject({ status: 200, body: 'pong' });
    expect((await call('DELETE', '/order/7')).status).toBe(400);
  });

  test('the service recovers by itself when PostgreSQL is available again', async () => {
    await proxy.restart();

    await eventually(async () => expect((await call('POST', '/order', anOrder(1))).status).toBe(201));
  });
});

test('a PostgreSQL that stops responding is unavailable until a new connection succeeds', async () => {
  await call('GET', '/order'); // opens the connection that stops responding
  proxy.holdResponses();

  const began = Date.now();
  await expectProblem(call('GET', `/order/${randomUUID()}`), 503, expect.stringMatching(/unavailable/));

  expect(Date.now() - began).toBeLessThan(20_000);
  await eventually(async () => expect((await call('GET', '/order')).status).toBe(200), 15_000);
});
