import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { constants, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { silentLog } from '../../test/silent-log';
import { createHttpApp, serveHttp } from './http-server';

const readiness = async () => ({ ready: true, checks: {} });

let server: Awaited<ReturnType<typeof serveHttp>>;
beforeEach(async () => {
  const echo = anOperation({
    method: 'post',
    path: '/thing',
    body: z.looseObject({}),
    handle: ({ body, response }) => void response.json(body),
  });
  const app = createHttpApp({ log: silentLog, prefixes: ['/shop'], operations: [echo], readiness });
  server = await serveHttp(app, 0);
});
afterEach(() => server.stop());

const MIB = 2 ** 20;
const UPLOAD_BYTES = 300 * MIB;
/** The largest buffers of a connection, of the sender and of the receiver together (`tcp_wmem` and `tcp_rmem`). */
const BUFFERS_BYTES = 32 * MIB;

/** Sends a head, then pieces of a body for as long as the server takes them. @returns the response and what was sent */
function upload(head: string[], piece: Buffer): Promise<{ response: string; sentBytes: number }> {
  return new Promise((resolve) => {
    let response = '';
    let sentBytes = 0;
    const socket = connect(server.port, '127.0.0.1');
    const send = (): void => {
      if (piece.length === 0 || sentBytes >= UPLOAD_BYTES || !socket.writable) return;
      sentBytes += piece.length;
      socket.write(piece, () => setImmediate(send));
    };
    socket.on('data', (data) => (response += data.toString('latin1')));
    socket.on('error', () => undefined); // the server closes the connection before it has read everything
    socket.on('close', () => resolve({ response, sentBytes }));
    socket.write(`${head.join('\r\n')}\r\nHost: shop\r\n\r\n`, send);
  });
}

const ANNOUNCED = `Content-Length: ${UPLOAD_BYTES}`;
const chunk = (data: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
/** The compressed form of what a client has sent so far. */
const flushed = (data: Buffer): Buffer => gzipSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
const PIECE = Buffer.alloc(64 * 1024, ' ');

describe('a body that is too large', () => {
  test.each([
    ['POST', '/shop/thing'],
    ['POST', '/shop/nothing'],
    ['GET', '/livez'],
  ])('is refused before the upload if the client waits for 100 Continue: %s %s', async (method, path) => {
    const head = [`${method} ${path} HTTP/1.1`, ANNOUNCED, 'Expect: 100-continue'];

    const { response } = await upload(head, Buffer.alloc(0));

    expect(response).toMatch(/^HTTP\/1\.1 413 /);
    expect(response).toMatch(/\r\nConnection: close\r\n/i);
    expect(response).toMatch('The body is larger than 1 MiB.');
  });

  test.each([
    ['announced', [ANNOUNCED], PIECE],
    ['sent in chunks', ['Transfer-Encoding: chunked'], chunk(PIECE)],
    ['compressed', ['Transfer-Encoding: chunked', 'Content-Encoding: gzip'], chunk(gzipSync(PIECE, { level: 0 }))],
  ])('is not read further than the limit: %s', async (_how, headers, piece) => {
    const { response, sentBytes } = await upload(['POST /shop/thing HTTP/1.1', ...headers], piece);

    expect(response).toMatch(/^HTTP\/1\.1 413 /);
    expect(sentBytes).toBeLessThan(BUFFERS_BYTES);
  });

  test('is refused even if its compressed form is small', async () => {
    const body = gzipSync(Buffer.alloc(100 * MIB, ' '));

    const answer = await fetch(`http://127.0.0.1:${server.port}/shop/thing`, {
      method: 'POST',
      body,
      headers: { 'Content-Encoding': 'gzip' },
    });

    expect(answer.status).toBe(413);
  });
});

test.each([
  ['announced', `Content-Length: ${MIB}`, (data: Buffer) => data],
  ['sent in chunks', 'Transfer-Encoding: chunked', chunk],
  ['compressed', 'Transfer-Encoding: chunked\r\nContent-Encoding: gzip', (data: Buffer) => chunk(flushed(data))],
])('a body with too many values is refused before it has arrived completely: %s', async (_how, header, encode) => {
  const beginning = encode(Buffer.from(`{${'"k":0,'.repeat(11_000)}`));
  const socket = connect(server.port, '127.0.0.1');

  socket.write(`POST /shop/thing HTTP/1.1\r\nHost: shop\r\n${header}\r\n\r\n`);
  socket.write(beginning);

  const [response] = (await once(socket, 'data')) as [Buffer];
  expect(response.toString()).toMatch(/^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/i);
  expect(response.toString()).toMatch('The body has more than 10,000 values.');
  socket.destroy();
});

test('decodes a character whose bytes arrive in separate chunks', async () => {
  const body = Buffer.from('{"name":"Café"}');
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`POST /shop/thing HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body.subarray(0, -3)); // in the middle of é
  await delay(100);

  socket.write(body.subarray(-3));

  const [response] = (await once(socket, 'data')) as [Buffer];
  expect(response.toString()).toMatch(/\{"name":"Café"\}$/);
  socket.destroy();
});

test('a body within the limit is requested from a client that waits for 100 Continue', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    'POST /shop/thing HTTP/1.1\r\nHost: shop\r\nContent-Length: 8\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
  );
  const [interim] = (await once(socket, 'data')) as [Buffer];
  expect(interim.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');

  socket.write('{"a": 1}');

  const [response] = (await once(socket, 'data')) as [Buffer];
  expect(response.toString()).toMatch(/^HTTP\/1\.1 200 [^]*\{"a":1\}$/);
  socket.destroy();
});
