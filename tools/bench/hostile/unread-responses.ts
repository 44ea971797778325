import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { clientPortsOf } from '../measurement/established-connections';
import type { HostileLoad } from './hostile-load';

const CLIENTS = 150;
const REQUEST = 'GET /orderManagement/products?paginationLimit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Clients that request 10 MB each and read nothing of it. */
export const unreadResponses: HostileLoad = {
  title: `${CLIENTS} clients do not read their 10 MB`,
  seconds: 60,
  apply: async (port, ended) => {
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => request(port)));
    const ports = sockets.map(({ localPort }) => localPort!);
    const beganAt = performance.now();
    let [open, closedAfterMs] = [CLIENTS, 0];
    while (open > 0 && !ended.aborted) {
      await delay(500);
      const established = clientPortsOf(port);
      open = ports.filter((one) => established.has(one)).length;
      closedAfterMs = performance.now() - beganAt;
    }
    for (const socket of sockets) socket.destroy();
    const seconds = (closedAfterMs / 1_000).toFixed(0);
    const text =
      open === 0 ? `all connections closed after ${seconds} s` : `${open} connections open after ${seconds} s`;
    return { text, problems: open === 0 ? [] : ['connections stay open'] };
  },
};

async function request(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(REQUEST);
  return socket;
}
