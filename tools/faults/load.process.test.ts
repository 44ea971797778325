import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { load } from './load';

/** Returns the requests of a load to a shop that fails at random: each order and the action on it, sorted. */
async function requestsOf(seed: number): Promise<string[]> {
  const names = new Map<string, string>();
  const requests: string[] = [];
  const handle = (method: string | undefined, text: string): { status: number; json: object } => {
    const body = (text === '' ? {} : JSON.parse(text)) as { name?: string; products?: { productId: string }[] };
    const id = randomUUID();
    if (body.name) names.set(id, body.name);
    else if (body.products) {
      requests.push(JSON.stringify(body.products.map((line) => ({ ...line, productId: names.get(line.productId) }))));
    } else requests.push(method === 'DELETE' ? 'delete' : 'cancel');
    if (body.name || body.products) return { status: 201, json: { productId: id, orderId: id } };
    return { status: method === 'DELETE' ? 200 : 202, json: {} };
  };
  const shop = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const { status, json } = Math.random() < 0.2 ? { status: 503, json: {} } : handle(request.method, text);
      setTimeout(() => response.writeHead(status).end(JSON.stringify(json)), Math.random() * 5);
    });
  }).listen(0);
  const url = `http://localhost:${(shop.address() as AddressInfo).port}`;
  await load([url], { orders: 100, seed, beforeOrder: async () => undefined });
  shop.closeAllConnections();
  shop.close();
  return requests.toSorted();
}

test('a seed determines what is ordered, cancelled and deleted, regardless of the responses and their timing', async () => {
  const requests = await requestsOf(7);

  expect(requests).toContain('cancel');
  expect(await requestsOf(7)).toEqual(requests);
  expect(await requestsOf(8)).not.toEqual(requests);
});
