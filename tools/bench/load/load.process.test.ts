import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { postOrders } from './load';

const CREATED = 'HTTP/1.1 201 Created\r\nContent-Length: 15\r\n\r\n{"orderId":"a"}';

let server: Server;
afterEach(() => void server.close());

/** Starts a server. `respond` receives the number of the connection and of the request on it, both from 1. @returns its URL */
async function serve(respond: (socket: Socket, connection: number, request: number) => void): Promise<string> {
  let connections = 0;
  server = createServer((socket) => {
    const connection = ++connections;
    let requests = 0;
    socket.on('data', () => respond(socket, connection, ++requests));
    socket.on('error', () => undefined); // caused by the client
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/order`;
}

const statusesOf = async (url: string, orders: number): Promise<number[]> =>
  (await postOrders({ url, load: { kind: 'burst', orders, connections: 1 } })).map(({ status }) => status);

test('repeats a request whose reused connection was closed', async () => {
  const url = await serve((socket, connection, request) => {
    if (connection === 1 && request === 2) socket.resetAndDestroy();
    else socket.write(CREATED);
  });
  expect(await statusesOf(url, 3)).toEqual([201, 201, 201]);
});

test('reports no response if a new connection is closed', async () => {
  let connections = 0;
  const url = await serve((socket, connection) => {
    connections = connection;
    socket.resetAndDestroy();
  });
  expect(await statusesOf(url, 1)).toEqual([0]);
  expect(connections).toBe(1);
});

test('reports no response if the response is truncated', async () => {
  const url = await serve((socket) => socket.write(CREATED.slice(0, -5), () => socket.destroy()));
  expect(await statusesOf(url, 1)).toEqual([0]);
});

test('returns the POSTs in the order sent, whatever the order of the responses', async () => {
  const url = await serve((socket, connection, request) => {
    const slowest = connection === 1 && request === 1;
    setTimeout(() => socket.write(CREATED), slowest ? 100 : 1);
  });
  const posts = await postOrders({ url, load: { kind: 'burst', orders: 8, connections: 2 } });
  const sentAtMs = posts.map((post) => post.sentAtMs);
  expect(sentAtMs).toEqual(sentAtMs.toSorted((a, b) => a - b));
});
