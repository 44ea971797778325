import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { clientPortsOf } from './established-connections';

test('a connection counts until the server closes it, also if the client reads nothing', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1').pause();
  const [socket] = (await accepted) as [Socket];
  expect(clientPortsOf(port)).toEqual(new Set([client.localPort]));

  socket.destroy();
  await once(socket, 'close');
  expect(clientPortsOf(port)).toEqual(new Set());
  client.destroy();
  server.close();
});
