import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { silentLog } from '../../test/silent-log';
import { createHttpApp, serveHttp } from './http-server';
import type { Operation } from './operation';

let server: Awaited<ReturnType<typeof serveHttp>> | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const readiness = async () => ({ ready: true, checks: {} });

/** Serves operations, sends one request and reads the answer, which is JSON. */
async function send(operations: Operation[], method: string, path: string, headers: Record<string, string> = {}) {
  server = await serveHttp(createHttpApp({ log: silentLog, prefixes: ['/shop'], operations, readiness }), 0);
  const response = await fetch(`http://localhost:${server.port}/shop${path}`, { method, headers });
  return { status: response.status, body: (await response.json()) as unknown, headers: response.headers };
}

const answers = (what: string, path: string, method: Operation['method'] = 'get') =>
  anOperation({
    method,
    path,
    ...(path.includes('{id}') && { params: z.object({ id: z.string() }) }),
    handle: ({ response }) => void response.json(what),
  });

describe('the router', () => {
  const operations = [answers('one', '/thing/{id}'), answers('events', '/thing/events', 'get')];

  test('prefers a fixed path to one with a parameter, in whatever order they are defined', async () => {
    expect(await send(operations, 'GET', '/thing/events')).toMatchObject({ status: 200, body: 'events' });
  });

  test('answers 405 at a fixed path, even if a path with a parameter has the method', async () => {
    const { status, headers } = await send(
      [...operations, answers('gone', '/thing/{id}', 'delete')],
      'DELETE',
      '/thing/events',
    );

    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('an operation', () => {
  const list = anOperation({
    method: 'get',
    path: '/thing',
    query: z.object({
      limit: z.coerce.number({ error: 'must be a number' }).optional(),
      'price[gte]': z.string().optional(),
    }),
    headers: z.object({ 'X-Color': z.literal('blue', { error: 'The X-Color must be blue.' }).optional() }),
    handle: ({ query, headers, response }) => void response.json({ query, headers }),
  });

  test('receives the outputs of its schemas', async () => {
    expect(await send([list], 'GET', '/thing?limit=5&price[gte]=3', { 'x-color': 'blue' })).toMatchObject({
      status: 200,
      body: { query: { limit: 5, 'price[gte]': '3' }, headers: { 'X-Color': 'blue' } },
    });
  });

  test.each([
    ['an invalid query parameter', '?limit=x', {}, 'invalid-query-parameter', 'limit: must be a number'],
    [
      'a repeated query parameter',
      '?price[gte]=1&price[gte]=2',
      {},
      'invalid-query-parameter',
      'price[gte]: must be given once',
    ],
    [
      'an unknown query parameter',
      '?price[lt]=3',
      {},
      'unknown-query-parameter',
      'GET /shop/thing has no query parameter "price[lt]". Its parameters are limit, price[gte].',
    ],
    ['an invalid header', '', { 'X-Color': 'red' }, 'invalid-header', 'The X-Color must be blue.'],
  ])('is not called with %s', async (_what, query, headers, code, detail) => {
    expect(await send([list], 'GET', `/thing${query}`, headers)).toMatchObject({ status: 400, body: { code, detail } });
  });
});
