import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { postOrders } from './load';

const CREATED = 'HTTP/1.1 201 Created\r\nContent-Length: 15\r\n\r\n{"orderId":"a"}';

let server: Server;
afterEach(() => void server.close());

/** Answers each request as told, by the number of its connection and its own number there, both from 1. */
async function serve(answer: (socket: Socket, connection: number, request: number) => void): Promise<string> {
  let connections = 0;
  server = createServer((socket) => {
    const connection = ++connections;
    let requests = 0;
    socket.on('data', () => answer(socket, connection, ++requests));
    socket.on('error', () => undefined); // what the client does to it
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/order`;
}

const statusesOf = async (url: string, orders: number): Promise<number[]> =>
  (await postOrders({ url, load: { kind: 'burst', orders, connections: 1 } })).map(({ status }) => status);

test('a kept connection that is closed as it is used again is no lost answer', async () => {
  const url = await serve((socket, connection, request) => {
    if (connection === 1 && request === 2) socket.resetAndDestroy();
    else socket.write(CREATED);
  });
  expect(await statusesOf(url, 3)).toEqual([201, 201, 201]);
});

test('a new connection that is closed without an answer is one', async () => {
  let connections = 0;
  const url = await serve((socket, connection) => {
    connections = connection;
    socket.resetAndDestroy();
  });
  expect(await statusesOf(url, 1)).toEqual([0]);
  expect(connections).toBe(1);
});

test('an answer that is cut off is none', async () => {
  const url = await serve((socket) => socket.write(CREATED.slice(0, -5), () => socket.destroy()));
  expect(await statusesOf(url, 1)).toEqual([0]);
});

test('posts are in the order sent, whichever was answered first', async () => {
  const url = await serve((socket, connection, request) => {
    const slowest = connection === 1 && request === 1;
    setTimeout(() => socket.write(CREATED), slowest ? 100 : 1);
  });
  const posts = await postOrders({ url, load: { kind: 'burst', orders: 8, connections: 2 } });
  const sentAtMs = posts.map((post) => post.sentAtMs);
  expect(sentAtMs).toEqual(sentAtMs.toSorted((a, b) => a - b));
});
