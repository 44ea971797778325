import { EventEmitter, once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Router, type Response } from 'express';
import { pino } from 'pino';
import { sendRaw } from '../../test/raw-http';
import { silentLog } from '../../test/silent-log';
import { createHttpApp, serveHttp, type HttpOptions } from './http-server';
import { jsonBody } from './json-body';
import { Problem } from './problem';

const READY = { ready: true, checks: { database: 'up' } };
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

let server: Awaited<ReturnType<typeof serveHttp>> | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Serves an app with a few routes of the test's own. @returns its URL */
async function serve(addRoutes: (routes: Router) => void = () => undefined, options: Partial<HttpOptions> = {}) {
  const routes = Router();
  addRoutes(routes);
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop', '/the-shop'],
    routes,
    readiness: async () => READY,
    ...options,
  });
  server = await serveHttp(app, 0);
  return `http://localhost:${server.port}`;
}

const failingWith = (error: Error) => (routes: Router) =>
  void routes.get('/thing', () => {
    throw error;
  });

const postThing = (routes: Router) =>
  void routes.post('/thing', jsonBody, ({ body }, response) => void response.json({ got: body as unknown }));

const post = (url: string, body: string | Uint8Array, contentType = 'application/json', more = {}) =>
  fetch(`${url}/shop/thing`, { method: 'POST', body, headers: { 'Content-Type': contentType, ...more } });

describe('health', () => {
  test.each(['/shop/health', '/shop/health/', '/the-shop/health'])('answers pong at %s', async (path) => {
    const response = await fetch((await serve()) + path);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch('text/plain');
    expect(await response.text()).toBe('pong');
  });

  test.each([
    [200, READY],
    [503, { ready: false, checks: { database: 'down' } }],
  ])('answers /readyz with %i, and how each part is', async (status, readiness) => {
    const response = await fetch(`${await serve(undefined, { readiness: async () => readiness })}/readyz`);

    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(readiness);
  });

  test('is alive whether it is ready or not', async () => {
    const url = await serve(undefined, { readiness: () => Promise.reject(new Error('no database')) });

    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(500);
  });
});

describe('the request id', () => {
  test.each(['/livez', '/shop/health', '/nowhere'])('is on every answer, that of %s too', async (path) => {
    const response = await fetch((await serve()) + path);

    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });

  test('is the one that the client sent', async () => {
    const response = await fetch(`${await serve()}/livez`, { headers: { 'X-Request-ID': 'trace-1/a' } });

    expect(response.headers.get('x-request-id')).toBe('trace-1/a');
  });

  test.each(['', 'a b', '"}{"', 'x'.repeat(129)])('is not what could do harm in a log: %j', async (id) => {
    const response = await fetch(`${await serve()}/livez`, { headers: { 'X-Request-ID': id } });

    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });
});

describe('a body', () => {
  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
    'is read as JSON also where its type is %s, as the original reads it',
    async (contentType) => {
      const response = await post(await serve(postThing), '{"a": 1}', contentType);

      expect(await response.json()).toEqual({ got: { a: 1 } });
    },
  );

  test.each([
    ['application/json', Buffer.from('{"a": "é"}')],
    ['text/plain; charset=ISO-8859-1', Buffer.from('{"a": "é"}', 'latin1')],
    ['application/json; charset="utf-16le"', Buffer.from('{"a": "é"}', 'utf16le')],
  ])('is read in its charset: %s', async (contentType, body) => {
    expect(await (await post(await serve(postThing), body, contentType)).json()).toEqual({ got: { a: 'é' } });
  });

  test('is read compressed', async () => {
    const response = await post(await serve(postThing), gzipSync('{"a": 1}'), 'text/json', {
      'Content-Encoding': 'gzip',
    });

    expect(await response.json()).toEqual({ got: { a: 1 } });
  });

  test.each([
    ['charset', 'text/json; charset=klingon', {}, 'The charset "klingon" is not supported. Use UTF-8.'],
    [
      'compression',
      'text/json',
      { 'Content-Encoding': 'compress' },
      'The compression of the body is not supported. Use gzip, deflate or br.',
    ],
  ])('of an unknown %s is answered with 415', async (_what, contentType, headers, error) => {
    const response = await post(await serve(postThing), '{}', contentType, headers);

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ error });
  });

  test.each([
    ['is empty', '', {}, 'The body is empty; it must be a JSON object.'],
    ['is not compressed as it says', '{}', { 'Content-Encoding': 'gzip' }, /^The body cannot be read: /],
  ])('that %s is answered with 400', async (_what, body, headers, error) => {
    const response = await post(await serve(postThing), body, 'application/json', headers);

    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(error);
  });

  test('that is not JSON is answered with 400', async () => {
    const response = await post(await serve(postThing), '{"a": ');

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: expect.stringMatching(/^The body is not JSON: /) });
  });

  test('that is too long is answered with 413', async () => {
    const response = await post(await serve(postThing), JSON.stringify({ a: 'x'.repeat(2 ** 20) }));

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: 'The body is larger than 1 MiB.' });
  });
});

describe('an answer that is not a success', () => {
  test('is a problem document, with the error that clients of the original read', async () => {
    const response = await fetch(`${await serve()}/shop/nothing`);

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is nothing at GET /shop/nothing.',
      error: 'There is nothing at GET /shop/nothing.',
    });
  });

  test('carries what a route says of its problem', async () => {
    const problem = new Problem(409, 'Sold out.', { headers: { 'Retry-After': '5' }, members: { left: 0 } });
    const response = await fetch(`${await serve(failingWith(problem))}/shop/thing`);

    expect(response.status).toBe(409);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ detail: 'Sold out.', left: 0 });
  });

  test('is what the service makes of a failure that it knows', async () => {
    const url = await serve(failingWith(new Error('no database')), {
      explain: (error) => new Problem(503, `There is ${(error as Error).message}.`),
    });
    const response = await fetch(`${url}/shop/thing`);

    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ detail: 'There is no database.' });
  });

  test('says nothing of a failure that nobody knows, but where in the logs it is', async () => {
    let logged = '';
    const log = pino({ level: 'error' }, { write: (line: string) => void (logged += line) });
    const response = await fetch(`${await serve(failingWith(new Error('password: secret')), { log })}/shop/thing`);
    const text = await response.text();

    expect(response.status).toBe(500);
    expect(text).not.toMatch('secret');
    expect(text).toMatch(response.headers.get('x-request-id')!);
    expect(logged).toMatch('password: secret');
    expect(logged).toMatch(response.headers.get('x-request-id')!);
  });

  test('blames the client for a path that cannot be decoded', async () => {
    const url = await serve((routes) => void routes.get('/thing/:id', (_request, response) => void response.end()));

    expect((await fetch(`${url}/shop/thing/%E0%A4`)).status).toBe(400);
  });
});

test.each([
  [400, 'no HTTP', { method: 'GET', target: '/livez', headers: ['Host: shop', 'no colon'] }],
  [400, 'no host', { method: 'GET', target: '/livez', headers: [] }],
  [
    400,
    'a chunk of no length',
    {
      method: 'POST',
      target: '/shop/thing',
      headers: ['Host: shop', 'Transfer-Encoding: chunked'],
      body: Buffer.from('2\r\n{"\r\nzz\r\n'),
    },
  ],
  [417, 'an expectation', { method: 'GET', target: '/livez', headers: ['Host: shop', 'Expect: a miracle'] }],
  [431, 'long headers', { method: 'GET', target: '/livez', headers: ['Host: shop', `X-Long: ${'x'.repeat(20_000)}`] }],
])('answers with %i what Node would answer by itself, as a problem: %s', async (status, _what, odd) => {
  await serve(postThing);

  const { headers, body, ...answer } = await sendRaw(server!.port, odd);

  expect(answer.status).toBe(status);
  expect(headers.get('x-request-id')).toMatch(UUID);
  expect(headers.get('content-type')).toMatch('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status, error: expect.any(String) });
});

test('answers a request once, also where the rest of it turns out to be malformed', async () => {
  await serve();
  const headers = ['Host: shop', 'Expect: a miracle', 'Transfer-Encoding: gzip'];

  const { status, body } = await sendRaw(server!.port, { method: 'POST', target: '/livez', headers });

  expect(status).toBe(417);
  expect(JSON.parse(body)).toMatchObject({ status: 417 });
});

test('tells that its port is taken', async () => {
  await serve();
  const app = createHttpApp({ log: silentLog, prefixes: [], readiness: async () => READY });

  await expect(serveHttp(app, server!.port)).rejects.toThrow('EADDRINUSE');
});

test('listens on the address that it is given, and on no other', async () => {
  const app = createHttpApp({ log: silentLog, prefixes: [], readiness: async () => READY });
  server = await serveHttp(app, 0, '127.0.0.1');

  await expect(fetch(`http://127.0.0.1:${server.port}/livez`)).resolves.toMatchObject({ status: 200 });
  await expect(fetch(`http://127.0.0.2:${server.port}/livez`)).rejects.toThrow('fetch failed');
});

/** A request that is under way until it is let go, over a connection that its client would keep. */
async function slowRequest() {
  const underWay = new EventEmitter();
  const url = await serve((routes) => {
    routes.get('/slow', (_request, response) => void underWay.emit('arrived', response));
  });
  const arrived = once(underWay, 'arrived') as Promise<[Response]>;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answer = once(request(`${url}/shop/slow`, { agent }).end(), 'response') as Promise<[IncomingMessage]>;
  const [response] = await arrived;
  return { agent, answer, letGo: () => response.send('done') };
}

describe('a service that is told to stop', () => {
  test('is not ready, though it answers, and keeps no connection', async () => {
    const stopping = new AbortController();
    const url = await serve(postThing, { stopping: stopping.signal });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    stopping.abort();

    const readiness = await fetch(`${url}/readyz`);
    expect([readiness.status, await readiness.json()]).toEqual([503, { ...READY, ready: false }]);
    const answer = await post(url, '{}', 'application/json');
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
  });
});

describe('stopping', () => {
  test('lets a request under way finish', async () => {
    const { agent, answer, letGo } = await slowRequest();
    let stopped = false;
    const stopping = server!.stop().then(() => (stopped = true));
    server = undefined;
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);

    letGo();

    const [response] = await answer;
    expect(response.statusCode).toBe(200);
    response.resume();
    await stopping;
    agent.destroy();
  });

  test('takes no further request over a connection that its client would keep', async () => {
    const { agent, answer, letGo } = await slowRequest();
    const next = once(request(`http://localhost:${server!.port}/livez`, { agent }).end(), 'response'); // waits its turn
    const stopping = server!.stop();
    server = undefined;
    letGo();

    const [response] = await answer;
    response.resume();
    await expect(next).rejects.toThrow('ECONNREFUSED');
    await stopping;
    agent.destroy();
  });

  test('does not wait for the client to close a connection that it would keep', async () => {
    const { agent, answer, letGo } = await slowRequest();
    const began = Date.now();
    const stopping = server!.stop();
    server = undefined;
    letGo();

    const [response] = await answer;
    response.resume();
    await stopping;
    expect(Date.now() - began).toBeLessThan(2_000); // Node would keep it for five seconds
    agent.destroy();
  });
});
