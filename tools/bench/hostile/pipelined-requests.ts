import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostileLoad } from './hostile-load';

const REQUESTS = 800;
const REQUEST = 'GET /orderManagement/products?paginationLimit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n';
const STATUS_LINE = 'HTTP/1.1 ';
/** Between two connections, so that connecting is not the load. */
const PAUSE_MS = 50;

/** One client at a time that sends many requests before it reads a response. */
export const pipelinedRequests: HostileLoad = {
  title: `${REQUESTS} pipelined requests on one connection`,
  seconds: 10,
  apply: async (port, ended) => {
    let [connections, responses] = [0, 0];
    while (!ended.aborted) {
      connections++;
      responses += await exchange(port, ended);
      await delay(PAUSE_MS);
    }
    return { text: `${responses} responses on ${connections} connections`, problems: [] };
  },
};

/** @returns the number of responses until all have arrived, or the server closes the connection */
function exchange(port: number, ended: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    let responses = 0;
    let rest = '';
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    const end = (): void => void socket.destroy();
    ended.addEventListener('abort', end, { once: true });
    socket.on('connect', () => socket.write(REQUEST.repeat(REQUESTS)));
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      responses += text.split(STATUS_LINE).length - 1;
      rest = text.slice(1 - STATUS_LINE.length);
      if (responses >= REQUESTS) end();
    });
    socket.on('error', end);
    socket.on('close', () => {
      ended.removeEventListener('abort', end);
      resolve(responses);
    });
  });
}
