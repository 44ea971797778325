import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { serveHttp } from '@shop/runtime/http-server';
import { Client } from 'pg';
import { EventClient } from '../../test/event-client';
import { eventually } from '../../test/eventually';
import { following } from '../../test/following';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, anOriginalOrder } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { createOrderApp } from '../http/app';
import { ReadClient } from '../reads/read-client';

const [WRITERS, TRANSACTIONS_PER_WRITER] = [8, 40];

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('gaps');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

/** Starts an instance of the order service. It has its own feed, as a process has. */
async function startInstance() {
  const held = following(database);
  const app = createOrderApp({
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
    database,
    reads: new ReadClient(database),
    starter: { start: () => undefined },
    sagas: { signalCancel: async () => true, refundAgain: async () => undefined },
    backlog: { admit: (accept) => accept() },
    examineAfterMs: 60_000,
    ...held,
  });
  const server = await serveHttp(app, 0);
  return {
    url: `http://localhost:${server.port}/orderManagement`,
    stop: () => Promise.all([server.stop(), held.feed.stop()]),
  };
}

/** Writes numbered events of one order, in transactions that stay open for different times. */
async function write(orderId: string): Promise<number> {
  const client = new Client({ connectionString: shop.ordersUrl });
  await client.connect();
  let written = 0;
  for (let transaction = 0; transaction < TRANSACTIONS_PER_WRITER; transaction++) {
    await client.query('BEGIN');
    const rollsBack = randomInt(8) === 0;
    for (let events = randomInt(1, 4); events > 0; events--) {
      const number = rollsBack ? -1 : written++;
      await client.query('INSERT INTO order_events (order_id, step, reason) VALUES ($1, $2, $3)', [
        orderId,
        'payment-requested',
        String(number),
      ]);
      await delay(randomInt(20));
    }
    if (randomInt(10) === 0) await delay(randomInt(300)); // others commit in between, with later transaction ids
    await client.query(rollsBack ? 'ROLLBACK' : 'COMMIT');
  }
  await client.end();
  return written;
}

test('clients that reconnect at random receive every event of concurrent writers once, each order’s in order', async () => {
  const instances = [await startInstance(), await startInstance()];
  const customer = await aCustomer(database);
  const orders = await Promise.all(Array.from({ length: WRITERS }, () => anOriginalOrder(database, customer, [])));
  const received: { orderId: string; number: number }[][] = [];
  let writing = true;

  /** Follows all orders, at one instance after the other. */
  const followAll = async (): Promise<void> => {
    const own: (typeof received)[number] = [];
    received.push(own);
    let lastEventId: string | null = null;
    for (let connection = 0; ; connection++) {
      const url = instances.at((connection + received.length) % 2)?.url ?? '';
      const client: EventClient = await EventClient.open(
        `${url}/order/events`,
        lastEventId === null ? {} : { lastEventId },
      );
      if (writing) await delay(randomInt(400));
      else await eventually(() => expect(own.length + client.events.length).toBeGreaterThanOrEqual(total));
      client.close();
      await client.ended;
      own.push(...client.events.map(({ data }) => ({ orderId: data.orderId, number: Number(data.reason) })));
      ({ lastEventId } = client);
      if (!writing && own.length >= total) return;
    }
  };

  let total = Infinity;
  const clients = Array.from({ length: 4 }, followAll);
  await delay(500); // every client has a position before the first event
  const written = await Promise.all(orders.map(write));
  total = written.reduce((sum, count) => sum + count, 0);
  writing = false;
  await Promise.all(clients);
  await Promise.all(instances.map((instance) => instance.stop()));

  for (const own of received) {
    for (const [index, orderId] of orders.entries()) {
      const numbers = own.filter((event) => event.orderId === orderId).map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: written.at(index) ?? 0 }, (_, number) => number));
    }
  }
});
