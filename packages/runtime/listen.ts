import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';

/** What the kernel reports if the machine has no such address, for example if IPv6 is disabled. */
const NO_SUCH_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Makes an HTTP server listen. Clients resolve the name `localhost` to 127.0.0.1 or to ::1, so it stands for both; a machine
 * without IPv6 has only the first.
 *
 * @param port 0 selects a free port
 * @returns the port, and the servers that accept the connections
 * @throws the error of the kernel, for example `EADDRINUSE`
 */
export async function listen(
  server: Server,
  port: number,
  address: string,
): Promise<{ port: number; listeners: NetServer[] }> {
  if (address !== 'localhost') return { port: await listenOn(server, port, address), listeners: [server] };
  const chosen = await listenOn(server, port, '127.0.0.1');
  // With the options of Node's HTTP server.
  const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
  try {
    await listenOn(other, chosen, '::1');
    return { port: chosen, listeners: [server, other] };
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_SUCH_ADDRESS.includes(String(error.code))) {
      return { port: chosen, listeners: [server] };
    }
    server.close();
    throw error;
  }
}

async function listenOn(server: NetServer, port: number, address: string): Promise<number> {
  server.listen(port, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
