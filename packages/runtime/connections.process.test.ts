import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { eventually } from '../../test/eventually';
import { Gate } from '../../test/gate';
import { silentLog } from '../../test/silent-log';
import type { AdmissionLimits } from './admission';
import { OPEN } from './http-policy';
import { createHttpApp, serveHttp, type ServerOptions } from './http-server';
import { connectionsCut } from './metrics';

const MIB = 2 ** 20;
/** More than the buffers of the sender and the receiver of a connection hold together. */
const LARGE = Buffer.alloc(40 * MIB, 'x');

let server: Awaited<ReturnType<typeof serveHttp>> | undefined;
const sockets: Socket[] = [];
let gate: Gate;
/** The responses of `/slow` whose handlers wait for the gate, and those of `/large`. */
let slow: ServerResponse[];
let large: ServerResponse[];

afterEach(async () => {
  gate.open();
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.stop();
  server = undefined;
});

const readiness = async () => ({ ready: true, checks: {} });

async function serve(limits: ServerOptions['limits'], admission: AdmissionLimits = OPEN.admission): Promise<void> {
  gate = new Gate();
  [slow, large] = [[], []];
  const operations = [
    anOperation({
      method: 'get',
      path: '/slow',
      handle: async ({ response }) => {
        slow.push(response);
        await gate.opened;
        response.send('slow');
      },
    }),
    anOperation({
      method: 'get',
      path: '/large',
      handle: ({ response }) => {
        large.push(response);
        response.send(LARGE);
      },
    }),
    anOperation({
      method: 'get',
      path: '/begun',
      handle: async ({ response }) => {
        response.write('begun');
        slow.push(response);
        await gate.opened;
        response.end();
      },
    }),
    anOperation({
      method: 'get',
      path: '/last',
      handle: ({ response }) => void response.set('Connection', 'close').send('last'),
    }),
    anOperation({
      method: 'post',
      path: '/thing',
      body: z.object({}),
      handle: ({ response }) => void response.send('written'),
    }),
  ];
  const policy = { ...OPEN, admission };
  const app = createHttpApp({ log: silentLog, prefixes: ['/shop'], operations, readiness, policy });
  server = await serveHttp(app, 0, { keepAliveMs: 5_000, ...(limits && { limits }) });
}

/** Opens a connection and sends a text. The client reads nothing until `received` is called. */
async function open(text = ''): Promise<Socket> {
  const socket = connect(server!.port, '127.0.0.1');
  socket.on('error', () => undefined); // the server cuts the connection
  sockets.push(socket);
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

/** Reads everything until the server closes the connection. */
async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (data) => (text += data.toString('latin1')));
  await once(socket, 'close');
  return text;
}

const get = (path: string, more = ''): string => `GET /shop${path} HTTP/1.1\r\nHost: shop\r\n${more}\r\n`;
const post = (): Promise<Response> =>
  fetch(`http://127.0.0.1:${server!.port}/shop/thing`, { method: 'POST', body: '{}' });

async function cutsOf(reason: string): Promise<number> {
  const { values } = await connectionsCut.get();
  return values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
}

/** Expects that the server cuts a connection for this reason while `act` runs. */
async function expectCut(reason: string, act: () => Promise<unknown>): Promise<void> {
  const before = await cutsOf(reason);
  await act();
  expect(await cutsOf(reason)).toBe(before + 1);
}

describe('a client that does not read', () => {
  test('is disconnected', async () => {
    await serve({ unreadMs: 300 });
    await expectCut('unread', async () => {
      await open(get('/large'));
      await eventually(() => expect(large[0]?.closed).toBe(true));
    });
  });

  test('is not disconnected while it reads, however slowly', async () => {
    await serve({ unreadMs: 1_000 }); // less than the client needs for the whole response
    const socket = await open(get('/large', 'Connection: close\r\n'));
    let bytes = 0;
    socket.on('data', (data) => {
      bytes += data.length;
      socket.pause();
      setTimeout(() => socket.resume(), 4);
    });
    await once(socket, 'close');
    expect(bytes).toBeGreaterThan(LARGE.length);
  });

  test('is disconnected sooner if the bytes that wait for all clients exceed their limit; the last one is served', async () => {
    await serve({ unsentBytes: LARGE.length * 1.5 });
    await expectCut('unsent', async () => {
      await open(get('/large'));
      await eventually(() => expect(large).toHaveLength(1));
      const reading = await open(get('/large', 'Connection: close\r\n'));
      expect((await received(reading)).length).toBeGreaterThan(LARGE.length);
      expect(large[0]?.closed).toBe(true);
    });
  });
});

describe('a client that sends requests without waiting for the responses', () => {
  test('has one request handled at a time, and receives the responses in order', async () => {
    await serve({});
    const socket = await open(get('/slow') + get('/slow') + get('/health', 'Connection: close\r\n'));
    await eventually(() => expect(slow).toHaveLength(1));
    await delay(50);
    expect(slow).toHaveLength(1);

    gate.open();
    expect((await received(socket)).match(/slow|pong/g)).toEqual(['slow', 'slow', 'pong']);
  });

  // 800 requests on one connection made the POSTs of all others fail with 503.
  test('does not delay the requests of others, and is disconnected if too many wait', async () => {
    await serve({ pipelined: 100 }, { ...OPEN.admission, read: { running: 2, waiting: 10 } });
    await open(get('/slow').repeat(100));
    await eventually(() => expect(slow).toHaveLength(1));
    expect((await post()).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${server!.port}/livez`)).status).toBe(200);

    await expectCut('pipelined', async () => received(await open(get('/slow').repeat(800))));
  });
});

test.each([
  ['response', get('/last')],
  ['request', get('/health', 'Connection: close\r\n')],
])('a request is not handled after a %s that closes the connection', async (_what, earlier) => {
  await serve({});
  expect(await received(await open(earlier + get('/slow')))).toMatch(/^HTTP\/1\.1 200 /);
  expect(slow).toEqual([]);
});

describe('bytes that are not a request', () => {
  const MALFORMED = 'NOT HTTP\r\n\r\n';
  const INCOMPLETE = 'GET /shop/health HTTP/1.1\r\nHost: sh';

  // The client would read their response, with status 400 or 408, as the one to its first request.
  test.each([
    ['malformed, while a request is handled', '/slow', MALFORMED],
    ['malformed, while a response is being sent', '/begun', MALFORMED],
    ['incomplete, while a request is handled', '/slow', INCOMPLETE],
    ['incomplete, while a response is being sent', '/begun', INCOMPLETE],
  ])('are not answered, but the request before them is: %s', async (_what, path, bytes) => {
    await serve({ receiveMs: 100, checkMs: 20 });
    const socket = await open(get(path) + bytes);
    await delay(300);
    expect(slow).toHaveLength(1);
    gate.open();
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 200 .*(slow|\r\n0\r\n\r\n)$/s);
  });

  test('close the connection at once if they are part of a request that waits', async () => {
    await serve({});
    const chunked = 'POST /shop/thing HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\nno chunk';
    expect(await received(await open(get('/slow') + chunked))).toBe('');
  });

  test('are answered if the responses to all earlier requests are complete', async () => {
    await serve({});
    const socket = await open(get('/health'));
    await once(socket, 'data');
    socket.write(MALFORMED);
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test('reads that wait do not delay writes', async () => {
  await serve({}, { ...OPEN.admission, read: { running: 2, waiting: 3 } });
  const reads = Array.from({ length: 6 }, async () => fetch(`http://127.0.0.1:${server!.port}/shop/slow`));
  const refused = await Promise.race(reads);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(slow).toHaveLength(2);

  expect((await post()).status).toBe(200);
  gate.open();
  expect((await Promise.all(reads)).filter(({ status }) => status === 200)).toHaveLength(5);
});

test('a connection is not accepted if too many are open', async () => {
  await serve({ connections: 1 });
  await open(get('/slow'));
  await eventually(() => expect(slow).toHaveLength(1));

  await expectCut('too-many', async () => received(await open(get('/livez'))));
});

describe('a client that sends slowly', () => {
  test.each([
    ['its headers', 'GET /shop/slow HTTP/1.1\r\nHost: sh'],
    ['its body', 'POST /shop/thing HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{'],
  ])('is answered with 408, whatever it drips: %s', async (_what, beginning) => {
    await serve({ receiveMs: 300, checkMs: 50 });
    const socket = await open(beginning);
    const drip = setInterval(() => socket.write('x'), 20);
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  test('may open a connection in advance', async () => {
    await serve({ receiveMs: 100, checkMs: 50 });
    const socket = await open();
    await delay(300);
    socket.write(get('/health', 'Connection: close\r\n'));
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('stopping', () => {
  test.each([
    ['stalled in the middle of its headers', 'GET /shop/slow HTTP/1.1\r\nHost: sh'],
    ['stalled in the middle of a body', 'POST /shop/thing HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{'],
  ])('does not wait for a client that has %s', async (_what, text) => {
    await serve({ stopMs: 100 });
    const socket = await open(text);
    await fetch(`http://127.0.0.1:${server!.port}/livez`, { headers: { Connection: 'close' } }); // received after it

    await expectCut('stop', () => Promise.all([server!.stop(), once(socket, 'close')]));
    server = undefined;
  });

  test('waits for a request that is being handled', async () => {
    await serve({ stopMs: 100 });
    const socket = await open(get('/slow'));
    await eventually(() => expect(slow).toHaveLength(1));
    const stopped = server!.stop();
    server = undefined;
    await delay(300);

    gate.open();
    expect(await received(socket)).toMatch(/slow$/);
    await stopped;
  });

  // The response was begun before the stop, so its headers let the client keep the connection.
  test.each([
    ['before stalled clients are cut', 50],
    ['after stalled clients are cut', 300],
  ])('closes a connection whose response ends %s', async (_what, waitMs) => {
    await serve({ stopMs: 100 });
    const socket = await open(get('/begun'));
    await eventually(() => expect(slow).toHaveLength(1));
    const stopped = server!.stop();
    server = undefined;
    await delay(waitMs);

    gate.open();
    const began = Date.now();
    expect(await received(socket)).toMatch(/\r\n0\r\n\r\n$/); // the whole response
    await stopped;
    expect(Date.now() - began).toBeLessThan(2_000); // an idle connection stays open for five seconds
  });
});
