import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { unsentOutputOf } from '../measurement/unsent-output';
import type { HostileLoad } from './hostile-load';
import { LIMITS } from './limits';

const CLIENTS = 150;
const LOOK_EVERY_MS = 500;
const REQUEST = 'GET /orderManagement/products?paginationLimit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Clients that request 10 MB each and read nothing of it. */
export const unreadResponses: HostileLoad = {
  title: `${CLIENTS} clients do not read their 10 MB`,
  seconds: 60,
  apply: async (port, ended) => {
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => request(port)));
    const waitingSince = new Map<number, number>();
    let longestMs = 0;
    let open = CLIENTS;
    while (!ended.aborted) {
      const unsent = unsentOutputOf(port);
      const now = performance.now();
      open = sockets.filter(({ localPort }) => unsent.has(localPort!)).length;
      for (const { localPort } of sockets) {
        if ((unsent.get(localPort!) ?? 0) === 0) continue;
        const since = waitingSince.get(localPort!) ?? now;
        waitingSince.set(localPort!, since);
        longestMs = Math.max(longestMs, now - since);
      }
      await delay(LOOK_EVERY_MS);
    }
    for (const socket of sockets) socket.destroy();
    return {
      text: `${waitingSince.size} responses waited, at most ${(longestMs / 1_000).toFixed(0)} s; ${open} connections open at the end`,
      problems: longestMs > LIMITS.unreadMs ? ['unread responses'] : [],
    };
  },
};

async function request(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(REQUEST);
  return socket;
}
