import { Agent, request } from 'node:http';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import type { HostileLoad } from './hostile-load';

const CLIENTS = 10;
const KEYS = 90_000;
const members = Array.from({ length: KEYS }, (_, n) => `"k${String(n).padStart(5, '0')}":0`);
const BODY = `{"customerId":"${PREDEFINED_CUSTOMER.customerId}","products":[],${members.join(',')}}`;

/** Clients that send orders of 1 MB with many unknown members, again and again. */
export const manyKeys: HostileLoad = {
  title: `${CLIENTS} clients send 1 MB of ${KEYS.toLocaleString('en')} keys`,
  seconds: 12,
  apply: async (port, ended) => {
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const statuses = new Map<number, number>();
    const client = async (): Promise<void> => {
      while (!ended.aborted) {
        const status = await post(port, agent, ended);
        if (!ended.aborted) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    agent.destroy();
    return { text: [...statuses].map(([status, count]) => `${count} × ${status}`).join(', '), problems: [] };
  },
};

/** @returns the status; 0 if there was no response */
function post(port: number, agent: Agent, signal: AbortSignal): Promise<number> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(BODY) };
  const options = { port, host: '127.0.0.1', path: '/orderManagement/order', method: 'POST', agent, headers, signal };
  return new Promise((resolve) => {
    const outgoing = request(options, (response) => {
      response.resume().on('close', () => resolve(response.statusCode ?? 0));
    });
    outgoing.on('error', () => resolve(0)).end(BODY);
  });
}
