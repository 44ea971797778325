import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { freePort } from './ports';

// Runs the built program of `make simulate` with a server that answers like order-management.
// test/documents.server.test.ts runs it with the services themselves.
let server: Server | undefined;
const running = new Set<ReturnType<typeof start>>();
afterEach(async () => {
  for (const simulation of running) simulation.send('SIGKILL');
  running.clear();
  server?.closeAllConnections();
  server?.close();
});

function start(variables: NodeJS.ProcessEnv) {
  const env = { PATH: process.env['PATH'], ...variables };
  const child = spawn(process.execPath, [join(__dirname, 'dist', 'simulate.js')], { env });
  const simulation = {
    output: '',
    ended: once(child, 'close') as Promise<[number | null]>,
    send: (signal: NodeJS.Signals) => child.kill(signal),
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (simulation.output += String(chunk)));
  running.add(simulation);
  return simulation;
}

type Answer = (request: {
  method: string;
  path: string;
  key: string;
  authorization: string | undefined;
}) => object | number;

/** Answers requests with what `answer` returns: a body, or the status of a problem. @returns the address */
async function serve(answer: Answer, port = 0): Promise<string> {
  server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const path = url.replace('/orderManagement', '');
    request.resume().on('end', () => {
      if (path === '/health') return void response.end('pong');
      const key = String(headers['idempotency-key']);
      return respond(response, method, answer({ method, path, key, authorization: headers.authorization }));
    });
  }).listen(port, 'localhost');
  await once(server, 'listening');
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function respond(response: ServerResponse, method: string, answer: object | number): void {
  if (typeof answer !== 'number')
    response.writeHead(method === 'POST' ? 201 : 200, { 'Content-Type': 'application/json' });
  else response.writeHead(answer, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify(typeof answer === 'number' ? { code: `code-${answer}`, detail: 'A reason.' } : answer));
}

/** Accepts and ships every order. */
const ships: Answer = ({ method, path }) => {
  if (method === 'GET' && !path.startsWith('/order/')) return [];
  const order = { orderId: randomUUID(), orderDate: '2026-11-28T10:00:00.000Z', settledAt: '2026-11-28T10:00:00.250Z' };
  if (path.startsWith('/order/')) return { ...order, orderStatus: 'shipped' };
  return path === '/order' ? { ...order, orderStatus: 'placed' } : { productId: path, customerId: path, price: 5 };
};

/** Accepts every order, and settles none. */
const neverSettles: Answer = (request) => {
  const answer = ships(request);
  return request.path.startsWith('/order/') ? Object.assign(answer, { orderStatus: 'placed' }) : answer;
};

test('places orders for the given time and prints a summary', async () => {
  const simulation = start({ URL: await serve(ships), RATE: '50', FOR: '1s' });
  expect(await simulation.ended).toEqual([0, null]);
  expect(simulation.output).toMatch(
    /^Placing 50 orders per second at \S+, 0 % declined and 0 % cancelled.\nSimulated for \d s: \d\d orders accepted/,
  );
  expect(simulation.output).toMatch(/^ {2}shipped +\d\d +100.0 %\n {2}in flight +0$/m);
  expect(simulation.output).toMatch(/p50 250 ms, .*longest 250 ms/);
});

test('Ctrl-C ends the simulation with a summary and the exit code 0', async () => {
  const simulation = start({ URL: await serve(ships) });
  await eventually(() => expect(simulation.output).toMatch(/Ctrl-C ends this/));
  simulation.send('SIGINT');
  expect(await simulation.ended).toEqual([0, null]);
  expect(simulation.output).toMatch(/^Simulated for .* accepted/m);
});

test('a second Ctrl-C does not wait for the orders in flight', async () => {
  const simulation = start({ URL: await serve(neverSettles), RATE: '1' });
  await eventually(() => expect(simulation.output).toMatch(/Ctrl-C ends this/));
  await eventually(() => {
    simulation.send('SIGINT');
    expect(simulation.output).toMatch(/Simulated for/);
  });
  expect(await simulation.ended).toEqual([0, null]);
});

test('waits while order-management is unavailable, and repeats requests with the same key', async () => {
  const port = await freePort();
  const simulation = start({ URL: `http://localhost:${port}`, RATE: '20' });
  await eventually(() => expect(simulation.output).toMatch(/unavailable \(ECONNREFUSED\). Waiting for it./));
  const keys: string[] = [];
  await serve((request) => {
    if (request.path !== '/order') return ships(request);
    keys.push(request.key);
    if (keys.length === 3) server!.closeAllConnections(); // during a request
    return ships(request);
  }, port);
  await eventually(() => expect(simulation.output).toMatch(/available again after/));
  await eventually(() => expect(keys.length).toBeGreaterThan(10));
  expect(keys.filter((key) => key === keys[2]).length).toBe(2);
  expect(new Set(keys).size).toBe(keys.length - 1);
  simulation.send('SIGINT');
  expect(await simulation.ended).toEqual([0, null]);
});

test('counts refused orders by their code', async () => {
  const url = await serve((request) => (request.path === '/order' ? 503 : ships(request)));
  const simulation = start({ URL: url, RATE: '50', FOR: '500ms' });
  await simulation.ended;
  expect(simulation.output).toMatch(/: 0 orders accepted[^]*Not accepted:\n {2}code-503 +\d+$/m);
});

test('sends the API key, and explains how to get one if it is refused', async () => {
  const authorizations = new Set<string | undefined>();
  const url = await serve(({ authorization }) => {
    authorizations.add(authorization);
    return 401;
  });
  const simulation = start({ URL: url, SHOP_API_KEY: 'shop_key' });
  expect(await simulation.ended).toEqual([1, null]);
  expect(simulation.output).toMatch(/answered with 401: A reason. Set SHOP_API_KEY to a key with the role operator/);
  expect(authorizations).toEqual(new Set(['Bearer shop_key']));
});

test('ends if another server answers at the address', async () => {
  server = createServer((_, response) => void response.writeHead(404).end()).listen(0, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const simulation = start({ URL: url });
  expect(await simulation.ended).toEqual([1, null]);
  expect(simulation.output).toBe(
    `URL=${url} is not the address of order-management: GET /orderManagement/health answered 404. ` +
      'Use, for example, URL=http://localhost:8001.\n',
  );
});

test('reports every invalid setting', async () => {
  const simulation = start({ RATE: 'fast', DECLINED: 'few' });
  expect(await simulation.ended).toEqual([1, null]);
  expect(simulation.output).toMatch(/^config: RATE="fast" .*\nconfig: DECLINED="few" .*\n$/);
});
