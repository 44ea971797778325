import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { load } from './load';

/** What a shop is asked for by a load, in whatever order that happens: each order, and what is done with it. */
async function askedOf(seed: number): Promise<string[]> {
  const names = new Map<string, string>();
  const asked: string[] = [];
  const take = (method: string | undefined, text: string): { status: number; json: object } => {
    const body = (text === '' ? {} : JSON.parse(text)) as { name?: string; products?: { productId: string }[] };
    const id = randomUUID();
    if (body.name) names.set(id, body.name);
    else if (body.products) {
      asked.push(JSON.stringify(body.products.map((line) => ({ ...line, productId: names.get(line.productId) }))));
    } else asked.push(method === 'DELETE' ? 'delete' : 'cancel');
    if (body.name || body.products) return { status: 201, json: { productId: id, orderId: id } };
    return { status: method === 'DELETE' ? 200 : 202, json: {} };
  };
  const shop = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const { status, json } = Math.random() < 0.2 ? { status: 503, json: {} } : take(request.method, text);
      setTimeout(() => response.writeHead(status).end(JSON.stringify(json)), Math.random() * 5);
    });
  }).listen(0);
  const url = `http://localhost:${(shop.address() as AddressInfo).port}`;
  await load([url], { orders: 100, seed, beforeOrder: async () => undefined });
  shop.closeAllConnections();
  shop.close();
  return asked.toSorted();
}

test('a seed determines what is ordered, cancelled and deleted, whatever is answered and when', async () => {
  const first = await askedOf(7);

  expect(first).toContain('cancel');
  expect(await askedOf(7)).toEqual(first);
  expect(await askedOf(8)).not.toEqual(first);
});
