import { METHODS, request } from 'node:http';
import type { HostileLoad } from './hostile-load';

/** All that Node parses, except the one that asks for a tunnel. */
const methods = METHODS.filter((method) => method !== 'CONNECT');
const TIMEOUT_MS = 30_000;
const ID = '00000000-0000-4000-8000-00000000ffff';
const paths = [
  '/',
  '/health',
  '/livez',
  '/unknown',
  '/docs/unknown',
  '/orderManagement/customers',
  '/orderManagement/products',
  `/orderManagement/product/${ID}`,
  `/orderManagement/customer/${ID}`,
  `/orderManagement/order/${ID}`,
  `/orderManagement/order/${ID}/cancel`,
  `/orderManagement/order/${ID}/history`,
];

/** A client that tries every method on many paths, because each pair may become a time series. Ends by itself. */
export const unknownRoutes: HostileLoad = {
  title: `${methods.length} methods on ${paths.length} paths`,
  seconds: 8,
  apply: async (port) => {
    let sent = 0;
    const tryMethods = async (path: string): Promise<void> => {
      for (const method of methods) {
        await send(port, method, path);
        sent++;
      }
    };
    await Promise.all(paths.map(tryMethods));
    return { text: `${sent} requests`, problems: [] };
  },
};

function send(port: number, method: string, path: string): Promise<void> {
  return new Promise((resolve) => {
    request({ port, host: '127.0.0.1', method, path, agent: false, timeout: TIMEOUT_MS }, (response) => {
      response.resume().on('close', resolve);
    })
      .on('timeout', resolve)
      .on('error', () => resolve())
      .end();
  });
}
