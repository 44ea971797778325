import { EventEmitter, once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Response } from 'express';
import { pino } from 'pino';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { sendRaw } from '../../test/raw-http';
import { silentLog } from '../../test/silent-log';
import { UnavailableError } from './fault';
import { createHttpApp, serveHttp, type HttpOptions } from './http-server';
import { requestSeconds } from './metrics';
import type { Operation } from './operation';
import { Problem } from './problem';

const READY = { ready: true, checks: { database: 'up' } };
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

let server: Awaited<ReturnType<typeof serveHttp>> | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Serves an app with a few operations of the test's own. @returns its URL */
async function serve(operations: Operation[] = [], options: Partial<HttpOptions> = {}) {
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop', '/the-shop'],
    operations,
    readiness: async () => READY,
    ...options,
  });
  server = await serveHttp(app, 0);
  return `http://localhost:${server.port}`;
}

const failingWith = (error: Error): Operation[] => [
  anOperation({
    method: 'get',
    path: '/thing',
    handle: () => {
      throw error;
    },
  }),
];

const postThing: Operation[] = [
  anOperation({
    method: 'post',
    path: '/thing',
    body: z.looseObject({}),
    handle: ({ body, response }) => void response.json({ got: body }),
  }),
];

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
  ])('answers /readyz with %i and the state of each dependency', async (status, readiness) => {
    const response = await fetch(`${await serve([], { readiness: async () => readiness })}/readyz`);

    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(readiness);
  });

  test('is alive even if it is not ready', async () => {
    const url = await serve([], { readiness: () => Promise.reject(new Error('no database')) });

    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });
});

describe('the request id', () => {
  test.each(['/livez', '/shop/health', '/nowhere'])('is in every response, also to %s', async (path) => {
    const response = await fetch((await serve()) + path);

    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });

  test('is the one that the client has sent', async () => {
    const response = await fetch(`${await serve()}/livez`, { headers: { 'X-Request-ID': 'trace-1/a' } });

    expect(response.headers.get('x-request-id')).toBe('trace-1/a');
  });

  test.each(['', 'a b', '"}{"', 'x'.repeat(129)])('is replaced if it is unsafe in a log: %j', async (id) => {
    const response = await fetch(`${await serve()}/livez`, { headers: { 'X-Request-ID': id } });

    expect(response.headers.get('x-request-id')).toMatch(UUID);
  });
});

describe('a body', () => {
  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
    'is read as JSON even if its type is %s, as in the original system',
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

  test('may be compressed', async () => {
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
  ])('with an unknown %s is answered with 415', async (_what, contentType, headers, error) => {
    const response = await post(await serve(postThing), '{}', contentType, headers);

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ error });
  });

  test.each([
    ['is empty', '', {}, 'The body is empty; it must be a JSON object.'],
    ['is not compressed as its header claims', '{}', { 'Content-Encoding': 'gzip' }, /^The body cannot be read: /],
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

  // Ten such bodies took a POST from 15 ms to 1.7 s.
  test('of 90,000 members is answered with 413', async () => {
    const body = JSON.stringify(Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`k${at}`, 1])));
    const response = await post(await serve(postThing), body);

    expect([response.status, await response.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'body-too-complex', detail: 'The body has more than 10,000 values.' }),
    ]);
  });

  test('that is too large is answered with 413', async () => {
    const response = await post(await serve(postThing), JSON.stringify({ a: 'x'.repeat(2 ** 20) }));

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: 'The body is larger than 1 MiB.' });
  });
});

/** Lets a request fail with an error whose message contains a secret. */
async function failWith(error: Error) {
  let logged = '';
  const log = pino({ level: 'error' }, { write: (line: string) => void (logged += line) });
  const response = await fetch(`${await serve(failingWith(error), { log })}/shop/thing`);
  const text = await response.text();
  expect(text).not.toMatch('secret');
  return { response, text, logged };
}

describe('an error response', () => {
  test('is a problem document that clients of the original system can read', async () => {
    const response = await fetch(`${await serve()}/shop/nothing`);

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch('application/problem+json');
    expect(await response.json()).toEqual({
      type: '/problems/route-not-found',
      code: 'route-not-found',
      title: 'The path does not exist',
      status: 404,
      detail: 'No route for GET /shop/nothing.',
      error: 'No route for GET /shop/nothing.',
    });
  });

  test('has the headers and members that a route adds', async () => {
    const problem = new Problem('insufficient-stock', 'Sold out.', {
      headers: { 'Retry-After': '5' },
      members: { left: 0 },
    });
    const response = await fetch(`${await serve(failingWith(problem))}/shop/thing`);

    expect(response.status).toBe(409);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ detail: 'Sold out.', left: 0 });
  });

  test('is explained by the service if it knows the error', async () => {
    const url = await serve(failingWith(new Error('no database')), {
      explain: (error) => new Problem('service-unavailable', `Explained: ${(error as Error).message}.`),
    });
    const response = await fetch(`${url}/shop/thing`);

    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ detail: 'Explained: no database.' });
  });

  test('to an error of the program contains only the request id, under which it is logged', async () => {
    const { response, text, logged } = await failWith(new TypeError('password: secret'));

    expect(response.status).toBe(500);
    expect(text).toMatch(response.headers.get('x-request-id')!);
    expect(logged).toMatch('password: secret');
    expect(logged).toMatch(response.headers.get('x-request-id')!);
  });

  test('to an error that nobody has foreseen asks the client to try again; the error is logged', async () => {
    const { response, text, logged } = await failWith(new Error('password: secret'));

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(text).toMatch('The service is temporarily unavailable. Try again in 5 seconds.');
    expect(logged).toMatch('password: secret');
  });

  test('to an outage asks the client to try again; the error is not logged as one', async () => {
    const { response, logged } = await failWith(new UnavailableError('The secret server does not answer.'));

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(logged).not.toMatch('secret');
  });

  test('has status 400 for a path that cannot be decoded', async () => {
    const url = await serve([
      anOperation({
        method: 'get',
        path: '/thing/{id}',
        params: z.object({ id: z.string() }),
        handle: ({ response }) => void response.end(),
      }),
    ]);

    expect((await fetch(`${url}/shop/thing/%E0%A4`)).status).toBe(400);
  });
});

test.each([
  [400, 'a malformed header', { method: 'GET', target: '/livez', headers: ['Host: shop', 'no colon'] }],
  [400, 'a missing host', { method: 'GET', target: '/livez', headers: [] }],
  [
    400,
    'a chunk without a length',
    {
      method: 'POST',
      target: '/shop/thing',
      headers: ['Host: shop', 'Transfer-Encoding: chunked'],
      body: Buffer.from('2\r\n{"\r\nzz\r\n'),
    },
  ],
  [417, 'an unknown expectation', { method: 'GET', target: '/livez', headers: ['Host: shop', 'Expect: a miracle'] }],
  [
    431,
    'headers that are too long',
    { method: 'GET', target: '/livez', headers: ['Host: shop', `X-Long: ${'x'.repeat(20_000)}`] },
  ],
])('answers %i with a problem document, not with a bare status line as Node does: %s', async (status, _what, odd) => {
  await serve(postThing);

  const { headers, body, ...answer } = await sendRaw(server!.port, odd);

  expect(answer.status).toBe(status);
  expect(headers.get('x-request-id')).toMatch(UUID);
  expect(headers.get('content-type')).toMatch('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status, error: expect.any(String) });
});

test('sends one response even if the rest of the request is malformed', async () => {
  await serve();
  const headers = ['Host: shop', 'Expect: a miracle', 'Transfer-Encoding: gzip'];

  const { status, body } = await sendRaw(server!.port, { method: 'POST', target: '/livez', headers });

  expect(status).toBe(417);
  expect(JSON.parse(body)).toMatchObject({ status: 417 });
});

test('methods that no operation has share a label in the metrics', async () => {
  await serve(postThing);
  for (const method of ['PROPFIND', 'LOCK', 'M-SEARCH', 'TRACE']) {
    await sendRaw(server!.port, { method, target: '/shop/thing' });
  }

  const { values } = await requestSeconds.get();
  const methods = new Set(values.map(({ labels }) => labels.method));
  expect(methods).toContain('other');
  expect([...methods].filter((method) => /PROPFIND|LOCK|SEARCH|TRACE/.test(String(method)))).toEqual([]);
});

test('reports that its port is in use', async () => {
  await serve();
  const app = createHttpApp({ log: silentLog, prefixes: [], readiness: async () => READY });

  await expect(serveHttp(app, server!.port)).rejects.toThrow('EADDRINUSE');
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

test('listens on both loopback addresses by default, because localhost may be either, and on no other', async () => {
  await serve();
  const others = Object.values(networkInterfaces()).flatMap((all) => all?.filter(({ internal }) => !internal) ?? []);

  for (const host of ['localhost', '127.0.0.1', ...(hasIpv6 ? ['[::1]'] : [])]) {
    await expect(fetch(`http://${host}:${server!.port}/livez`)).resolves.toMatchObject({ status: 200 });
  }
  for (const host of ['127.0.0.2', ...others.filter(({ family }) => family === 'IPv4').map(({ address }) => address)]) {
    await expect(fetch(`http://${host}:${server!.port}/livez`)).rejects.toThrow('fetch failed');
  }
});

(hasIpv6 ? test : test.skip)('stops while clients of both loopback addresses keep their connections', async () => {
  await serve();
  const agent = new Agent({ keepAlive: true });
  for (const host of ['127.0.0.1', '::1']) {
    const sent = request({ host, port: server!.port, path: '/livez', agent }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
  }

  await server!.stop();
  await expect(fetch(`http://[::1]:${server!.port}/livez`)).rejects.toThrow('fetch failed');
  server = undefined;
  agent.destroy();
});

test('listens on the given address only', async () => {
  const app = createHttpApp({ log: silentLog, prefixes: [], readiness: async () => READY });
  server = await serveHttp(app, 0, { address: '127.0.0.1' });

  await expect(fetch(`http://127.0.0.1:${server.port}/livez`)).resolves.toMatchObject({ status: 200 });
  await expect(fetch(`http://127.0.0.2:${server.port}/livez`)).rejects.toThrow('fetch failed');
});

/** Sends a request that stays in flight until `finish` is called, over a keep-alive connection. */
async function slowRequest() {
  const handler = new EventEmitter();
  const url = await serve([
    anOperation({
      method: 'get',
      path: '/slow',
      handle: ({ response }) => void handler.emit('arrived', response),
    }),
  ]);
  const arrived = once(handler, 'arrived') as Promise<[Response]>;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answer = once(request(`${url}/shop/slow`, { agent }).end(), 'response') as Promise<[IncomingMessage]>;
  const [response] = await arrived;
  return { agent, answer, finish: () => response.send('done') };
}

describe('a service that is stopping', () => {
  test('is not ready, still answers, and closes each connection', async () => {
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
  test('waits for a request in flight', async () => {
    const { agent, answer, finish } = await slowRequest();
    let stopped = false;
    const stopping = server!.stop().then(() => (stopped = true));
    server = undefined;
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);

    finish();

    const [response] = await answer;
    expect(response.statusCode).toBe(200);
    response.resume();
    await stopping;
    agent.destroy();
  });

  test('accepts no further request over a keep-alive connection', async () => {
    const { agent, answer, finish } = await slowRequest();
    const next = once(request(`http://localhost:${server!.port}/livez`, { agent }).end(), 'response'); // queued by the agent
    const stopping = server!.stop();
    server = undefined;
    finish();

    const [response] = await answer;
    response.resume();
    await expect(next).rejects.toThrow('ECONNREFUSED');
    await stopping;
    agent.destroy();
  });

  test('does not wait until the client closes a keep-alive connection', async () => {
    const { agent, answer, finish } = await slowRequest();
    const began = Date.now();
    const stopping = server!.stop();
    server = undefined;
    finish();

    const [response] = await answer;
    response.resume();
    await stopping;
    expect(Date.now() - began).toBeLessThan(2_000); // Node closes an idle connection after five seconds
    agent.destroy();
  });

  test('does not wait for a connection that a client has opened in advance', async () => {
    await serve();
    const connection = connect(server!.port);
    await once(connection, 'connect');
    await fetch(`http://localhost:${server!.port}/livez`, { headers: { Connection: 'close' } }); // accepted after it
    const began = Date.now();
    const closing = setTimeout(() => connection.destroy(), 5_000); // Node would close it after a minute

    await server!.stop();
    server = undefined;

    expect(Date.now() - began).toBeLessThan(2_000);
    clearTimeout(closing);
    connection.destroy();
  });
});
