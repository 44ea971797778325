import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { silentLog } from '../../test/silent-log';
import { createHttpApp, serveHttp } from './http-server';
import { sendArray } from './send-array';

const item = (n: number): object => ({ n, text: 'é"'.repeat(1_000) });
const items = (count: number): object[] => Array.from({ length: count }, (_, n) => item(n));

let server: Awaited<ReturnType<typeof serveHttp>>;
const MANY = 20_000;
/** How many items of a list were rendered until it ended. */
let rendered: Promise<number>;

beforeEach(async () => {
  const list = anOperation({
    method: 'get',
    path: '/list/{count}',
    params: z.object({ count: z.coerce.number() }),
    handle: ({ params: { count }, response }) => sendArray(response, items(count)),
  });
  const counted = anOperation({
    method: 'get',
    path: '/counted',
    handle: ({ response }) => {
      let count = 0;
      const toJSON = (): object => (count++, item(0));
      const sent = sendArray(
        response,
        Array.from({ length: MANY }, () => ({ toJSON })),
      );
      rendered = sent.then(() => count);
      return sent;
    },
  });
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop'],
    operations: [list, counted],
    readiness: async () => ({ ready: true, checks: {} }),
  });
  server = await serveHttp(app, 0);
});
afterEach(() => server.stop());

const get = (path: string, options: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}/shop${path}`, options);

test.each([0, 1, 2, 1_000])('sends all items: %d', async (count) => {
  const response = await get(`/list/${count}`);

  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await response.json()).toEqual(items(count));
});

test('only a small array has an ETag', async () => {
  const [small, large] = await Promise.all([get('/list/2'), get('/list/1000')]);

  expect(small.headers.get('etag')).toMatch(/^W\/"/);
  expect(large.headers.get('etag')).toBeNull();
});

test('HEAD has no body', async () => {
  const response = await get('/list/1000', { method: 'HEAD' });

  expect(response.status).toBe(200);
  expect(await response.text()).toBe('');
});

test('other requests are handled while a large array is rendered', async () => {
  const order: string[] = [];
  const large = get('/list/5000')
    .then((response) => response.text())
    .then(() => order.push('large'));
  await get('/list/1').then((response) => response.text());
  order.push('small');
  await large;

  expect(order).toEqual(['small', 'large']);
});

test('the rest is not rendered for a client that has disconnected', async () => {
  const response = await get('/counted');

  await response.body!.cancel();

  expect(await rendered).toBeLessThan(MANY);
});
