import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { unsentOutputOf } from './unsent-output';

test('output waits for a client that reads nothing, until the server closes the connection', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1').pause();
  const [socket] = (await accepted) as [Socket];
  const clientPort = client.localPort!;
  expect(unsentOutputOf(port)).toEqual(new Map([[clientPort, 0]]));

  socket.write(Buffer.alloc(20_000_000));
  expect(unsentOutputOf(port).get(clientPort)).toBeGreaterThan(0);

  socket.destroy();
  await once(socket, 'close');
  expect(unsentOutputOf(port)).toEqual(new Map());
  client.destroy();
  server.close();
});
