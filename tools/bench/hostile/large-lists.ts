import { get } from 'node:http';
import type { HostileLoad } from './hostile-load';

const CLIENTS = 20;

/** Clients that read the list of all orders, again and again. */
export const largeLists: HostileLoad = {
  title: `${CLIENTS} clients read the list of 10,000 orders`,
  seconds: 15,
  apply: async (port, ended) => {
    let [lists, failed] = [0, 0];
    const client = async (): Promise<void> => {
      while (!ended.aborted) {
        const complete = await readList(port, ended);
        if (complete) lists++;
        else if (!ended.aborted) failed++;
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return { text: `${lists} lists read, ${failed} refused`, problems: [] };
  },
};

function readList(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path: '/orderManagement/order', agent: false, signal }, (response) => {
      response.resume().on('close', () => resolve(response.statusCode === 200 && response.complete));
    }).on('error', () => resolve(false));
  });
}
