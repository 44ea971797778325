import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { Servers } from '@shop/dev/servers';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { migrate } from '@shop/prisma/migrate';
import { ReplicationProbe } from '@shop/prisma/replication';
import { serveHttp } from '@shop/runtime/http-server';
import { readsAnswered } from '@shop/runtime/metrics';
import { Client } from 'pg';
import { callService, type Answer } from '../../test/call';
import { eventually } from '../../test/eventually';
import { following } from '../../test/following';
import { TcpProxy } from '../../test/tcp-proxy';
import { ServiceProcess } from '../../test/service-process';
import { aCustomer, aProduct } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { temporaryFolder } from '../../test/temporary-folder';
import { createOrderApp } from '../http/app';
import { PrimaryLog } from './primary-log';
import { ReadClient, type ReadOptions } from './read-client';
import { Secondary } from './secondary';

// This suite starts a separate primary and two streaming secondaries, which it stops, suspends and promotes.

type Name = 'primary' | 'first' | 'second';

const folder = temporaryFolder('reads');
const servers = new Servers(join(folder, 'logs'));
const ports = {} as Record<Name, number>;
let database: OrdersClient;
let customerId: string;

const urlOf = (name: Name, database_ = 'shop', user = 'postgres'): string =>
  `postgresql://${user}:postgres@localhost:${ports[name]}/${database_}`;
const startServer = (name: Name): Promise<string> =>
  startPostgres(
    {
      name,
      port: ports[name],
      folder: join(folder, name),
      forTests: true,
      ...(name === 'primary'
        ? {}
        : { secondaryOf: { url: urlOf('primary', 'postgres'), folder: join(folder, 'primary') } }),
    },
    servers,
  );

async function sql<R extends object>(server: Name, statement: string): Promise<R[]> {
  const client = new Client({ connectionString: urlOf(server) });
  await client.connect();
  try {
    return (await client.query<R>(statement)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  for (const name of ['primary', 'first', 'second'] as const) ports[name] = await freePort();
  await startServer('primary');
  await migrate(urlOf('primary'), 'orders');
  await sql('primary', 'ALTER ROLE postgres SET synchronous_commit = on'); // test servers turn it off by default
  await sql(
    'primary',
    `CREATE ROLE reader LOGIN PASSWORD 'postgres'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`,
  );
  await Promise.all([startServer('first'), startServer('second')]);
  database = connectOrders(urlOf('primary'), { poolSize: 5 });
  ({ customerId } = await aCustomer(database));
});
afterAll(async () => {
  await database.$disconnect();
  await servers.stopAll();
  rmSync(folder, { recursive: true });
});

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0).toReversed()) await stop();
});

interface Shop {
  url: string;
  reads: ReadClient;
}

/** Starts an order service that reads from secondaries. Returns once it uses all of them. */
async function aShop(secondaries: Name[] = ['first', 'second'], more: Partial<ReadOptions> = {}): Promise<Shop> {
  const primary = connectOrders(urlOf('primary'), { poolSize: 5 });
  const probe = new ReplicationProbe(urlOf('primary'), 'primary');
  const reads = new ReadClient(primary, {
    primary: probe,
    secondaryUrls: secondaries.map((name) => urlOf(name)),
    poolSize: 5,
    maxLagMs: 5_000,
    waitMs: 200,
    log: silentLog,
    ...more,
  });
  reads.start();
  const server = await serveHttp(
    createOrderApp({
      log: silentLog,
      readiness: async () => ({ ready: true, checks: {} }),
      database: primary,
      reads,
      starter: { start: () => undefined },
      sagas: { signalCancel: async () => true, refundAgain: async () => undefined },
      backlog: { admit: (accept) => accept() },
      examineAfterMs: 60_000,
      ...following(primary, { reads }),
    }),
    0,
  );
  stopping.push(async () => {
    await server.stop();
    await Promise.all([reads.stop(), probe.stop()]);
    await primary.$disconnect();
  });
  const shop = { url: `http://localhost:${server.port}/orderManagement`, reads };
  await areUsed(shop, ...secondaries);
  return shop;
}

const areUsed = ({ reads }: Shop, ...names: Name[]): Promise<void> =>
  eventually(() => {
    const read = reads.secondaryStates.filter(({ usable }) => usable).map(({ name }) => name);
    expect(read).toEqual(names.map((name) => `localhost:${ports[name]}`));
  });
const isUnusable = ({ reads }: Shop, name: Name, state: string): Promise<void> =>
  eventually(() => {
    expect(reads.secondaryStates).toContainEqual(
      expect.objectContaining({ name: `localhost:${ports[name]}`, state, usable: false }),
    );
  });

const get = (shop: Shop, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  callService(shop, 'GET', path, undefined, headers);
const placeOrder = async (shop: Shop, headers: Record<string, string> = {}): Promise<Answer & { path: string }> => {
  const { productId } = await aProduct(database);
  const body = { customerId, products: [{ productId, orderedQuantity: 1 }] };
  const answer = await callService(shop, 'POST', '/order', body, headers);
  expect(answer.status).toBe(201);
  return { ...answer, path: `/order/${(answer.body as { orderId: string }).orderId}` };
};
const NEVER_REACHED = { 'Consistency-Token': 'FFFFFFFF/FFFFFFFF' };
const tokenOf = ({ headers }: Answer): string => headers.get('consistency-token')!;

const readsByServer = async (): Promise<Map<unknown, number>> =>
  new Map((await readsAnswered.get()).values.map(({ labels, value }) => [labels.from, value]));

/** Counts the reads that each server answers while `act` runs, by the metric `reads_total`. */
async function readsDuring(act: () => Promise<unknown>): Promise<Partial<Record<Name, number>>> {
  const before = await readsByServer();
  await act();
  const after = await readsByServer();
  const names: Name[] = ['primary', 'first', 'second'];
  const differences = names.map((name): [Name, number] => {
    const label = name === 'primary' ? name : `localhost:${ports[name]}`;
    return [name, (after.get(label) ?? 0) - (before.get(label) ?? 0)];
  });
  return Object.fromEntries(differences.filter(([, count]) => count > 0));
}

/** Reads continuously with several clients while `act` runs. @returns all statuses, and the time of the slowest read */
async function readThroughout(shop: Shop, path: string, act: () => Promise<unknown>) {
  const over = new AbortController();
  const statuses = new Set<number>();
  let slowestMs = 0;
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const begun = performance.now();
      statuses.add((await get(shop, path)).status);
      slowestMs = Math.max(slowestMs, performance.now() - begun);
      await delay(5);
    }
  };
  const clients = [client(), client(), client()];
  try {
    await act();
  } finally {
    over.abort();
    await Promise.all(clients);
  }
  return { statuses: [...statuses], slowestMs };
}

/** Pauses replay on a secondary until the returned function is called, or the test ends. */
async function pauseReplay(name: Name): Promise<() => Promise<void>> {
  await sql(name, 'SELECT pg_wal_replay_pause()');
  const resume = async () => void (await sql(name, 'SELECT pg_wal_replay_resume()'));
  stopping.push(resume);
  return resume;
}

/** Disconnects a secondary from the primary until the returned function is called, or the test ends. */
async function disconnect(name: Name): Promise<() => Promise<void>> {
  const useSlot = async (slot: string): Promise<void> => {
    await sql(name, `ALTER SYSTEM SET primary_slot_name = '${slot}'`);
    await sql(name, 'SELECT pg_reload_conf()');
  };
  await useSlot('no_such_slot');
  const connect = () => useSlot(name);
  stopping.push(connect);
  return connect;
}

/** Suspends all processes of a server until the test ends. Each process has its own process group. */
async function suspend(name: Name): Promise<void> {
  const processes = await sql<{ pid: number }>(name, 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
  const [postmaster = ''] = readFileSync(join(folder, name, 'cluster', 'postmaster.pid'), 'utf8').split('\n');
  const pids = [Number(postmaster), ...processes.map(({ pid }) => pid)];
  const sendAll = (signal: NodeJS.Signals): void => {
    for (const pid of pids.filter((each) => existsSync(`/proc/${each}`))) process.kill(pid, signal);
  };
  stopping.push(async () => sendAll('SIGCONT'));
  sendAll('SIGSTOP');
}

/** Stops a server until the returned function is called, or the test ends. */
async function stopServer(name: Name, signal?: 'SIGKILL'): Promise<() => Promise<void>> {
  await servers.end(name, signal);
  let started: Promise<string> | null = null;
  const start = async () => void (await (started ??= startServer(name)));
  stopping.push(start);
  return start;
}

describe('a read is answered by', () => {
  test('the first secondary in the list of the instance', async () => {
    const [one, other] = [await aShop(['first', 'second']), await aShop(['second', 'first'])];

    await expect(readsDuring(() => get(one, '/products'))).resolves.toEqual({ first: 1 });
    await expect(readsDuring(() => get(one, '/order'))).resolves.toEqual({ first: 1 });
    await expect(readsDuring(() => get(other, '/order'))).resolves.toEqual({ second: 1 });
  });

  test('the primary if no secondaries are configured; writes then return no token', async () => {
    const shop = await aShop([]);

    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ primary: 1 });
    const { headers } = await placeOrder(shop);
    expect(headers.get('consistency-token')).toBeNull();
    expect(headers.get('set-cookie')).toBeNull();
  });

  test('a secondary even if its user may not see the status of the WAL receiver', async () => {
    const shop = await aShop(['first'], { secondaryUrls: [urlOf('first', 'shop', 'reader')] });

    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ first: 1 });
  });

  test('another server, within the same request, if a secondary fails with any error', async () => {
    const shop = await aShop();
    const fails = new Set<OrdersClient>();

    const answer = await shop.reads.read(async (source) => {
      if (fails.size === 0) {
        fails.add(source);
        throw new Error('canceling statement due to conflict with recovery');
      }
      return fails.has(source) ? 'the same' : 'another';
    });

    expect(answer).toBe('another');
  });

  test('no other server if the query itself is invalid and fails on the primary', async () => {
    const shop = await aShop();

    await expect(shop.reads.read((source) => source.$queryRaw`SELECT 1 / 0`)).rejects.toThrow(/division by zero/);
  });
});

describe('a client reads its own write', () => {
  test('from a secondary that has replayed it', async () => {
    const shop = await aShop(['first', 'second'], { waitMs: 10_000 });

    const sources = await readsDuring(async () => {
      for (let i = 0; i < 100; i++) {
        const { path, ...answer } = await placeOrder(shop);
        expect(await get(shop, path, { 'Consistency-Token': tokenOf(answer) })).toMatchObject({ status: 200 });
      }
    });

    expect((sources.first ?? 0) + (sources.second ?? 0)).toBeGreaterThan(90);
  });

  test('from the primary if no secondary replays it in time; without the token the client does not see its write', async () => {
    const shop = await aShop();
    await Promise.all([pauseReplay('first'), pauseReplay('second')]);
    const { path, ...answer } = await placeOrder(shop);

    await expect(get(shop, path)).resolves.toMatchObject({ status: 404 });
    const sources = await readsDuring(async () => {
      await expect(get(shop, path, { 'Consistency-Token': tokenOf(answer) })).resolves.toMatchObject({ status: 200 });
    });
    expect(sources).toEqual({ primary: 1 });
  });

  test('from another secondary that has replayed it', async () => {
    const shop = await aShop(['first', 'second'], { waitMs: 10_000 });
    await pauseReplay('first');
    const { path, ...answer } = await placeOrder(shop);

    const sources = await readsDuring(async () => {
      await expect(get(shop, path, { 'Consistency-Token': tokenOf(answer) })).resolves.toMatchObject({ status: 200 });
    });

    expect(sources).toEqual({ second: 1 });
  });

  test('from a secondary that replays it within READ_WAIT', async () => {
    const shop = await aShop(['first'], { waitMs: 10_000 });
    const resume = await pauseReplay('first');
    const { path, ...answer } = await placeOrder(shop);

    const sources = await readsDuring(async () => {
      const reading = get(shop, path, { 'Consistency-Token': tokenOf(answer) });
      await delay(200);
      await resume();
      await expect(reading).resolves.toMatchObject({ status: 200 });
    });

    expect(sources).toEqual({ first: 1 });
  });

  test('with only the cookie, as a browser sends it', async () => {
    const shop = await aShop();
    await Promise.all([pauseReplay('first'), pauseReplay('second')]);
    const { path, headers, ...answer } = await placeOrder(shop);

    const [cookie = '', ...attributes] = headers.get('set-cookie')!.split('; ');
    expect(cookie).toBe(`consistency-token=${tokenOf({ headers, ...answer })}`);
    expect(attributes).toEqual(expect.arrayContaining(['Max-Age=60', 'Path=/', 'HttpOnly', 'SameSite=Lax']));
    await expect(get(shop, path, { Cookie: `theme=dark; ${cookie}; a=b` })).resolves.toMatchObject({ status: 200 });
  });

  test('with a cookie that lives until every usable secondary has replayed the position', async () => {
    const { headers } = await placeOrder(await aShop(['first'], { maxLagMs: 90_000 }));

    expect(headers.get('set-cookie')).toContain('Max-Age=180;');
  });

  test('with the later position of header and cookie', async () => {
    const shop = await aShop();
    await Promise.all([pauseReplay('first'), pauseReplay('second')]);
    const { path, ...answer } = await placeOrder(shop);
    const [early, late] = ['0/1', tokenOf(answer)];

    for (const [header, cookie] of [
      [early, late],
      [late, early],
    ] as const) {
      const headers = { 'Consistency-Token': header, Cookie: `consistency-token=${cookie}` };
      await expect(get(shop, path, headers)).resolves.toMatchObject({ status: 200 });
    }
  });

  test('with a token that no server has reached, as after a failover: the primary answers after READ_WAIT', async () => {
    const shop = await aShop();
    const begun = performance.now();

    const sources = await readsDuring(async () => {
      const answer = await get(shop, '/products', NEVER_REACHED);
      expect(answer.status).toBe(200);
    });

    expect(sources).toEqual({ primary: 1 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(200);
  });

  test.each(['', 'yesterday', '16/', '16/B374D848/1', '16/B374D84800', '16/B374D848, 16/B374D848'])(
    'is answered 400 for an invalid token: "%s"',
    async (token) => {
      const shop = await aShop([]);

      await expect(get(shop, '/order', { 'Consistency-Token': token })).resolves.toMatchObject({
        status: 400,
        body: {
          detail: `The Consistency-Token ${JSON.stringify(token)} is not a valid consistency token. A valid one looks like 16/B374D848.`,
        },
      });
    },
  );

  test('is answered although its cookie contains an invalid token', async () => {
    const shop = await aShop();

    for (const value of ['', 'yesterday', '%', '"0/1"']) {
      const answer = await get(shop, '/products', { Cookie: `consistency-token=${value}` });
      expect(answer.status).toBe(200);
    }
  });

  test('after any write', async () => {
    const shop = await aShop();
    const { path, ...placed } = await placeOrder(shop, { 'Idempotency-Key': 'any-write' });
    const [ordered] = (placed.body as { products: [{ productId: string }] }).products;
    const { productId } = await aProduct(database);
    const again = { customerId, products: [{ productId: ordered.productId, orderedQuantity: 1 }] };
    const product = { name: 'Mug', price: 1, quantityAvailable: 1, productType: 'Kitchen' };
    const writes = [
      await callService(shop, 'POST', '/customer', { firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' }),
      await callService(shop, 'POST', '/product', product),
      await callService(shop, 'DELETE', `/product/${productId}`),
      await callService(shop, 'POST', '/order', again, { 'Idempotency-Key': 'any-write' }),
      await callService(shop, 'POST', `${path}/cancel`),
      await callService(shop, 'DELETE', path),
    ];

    expect(writes.map(({ status }) => status)).toEqual([201, 201, 200, 201, 202, 200]);
    for (const write of writes) expect(tokenOf(write)).toMatch(/^[\dA-F]+\/[\dA-F]+$/);
  });
});

describe('a secondary is not used', () => {
  test('while it is stopped; no read fails, and it is used again after its restart', async () => {
    const shop = await aShop();

    const { statuses } = await readThroughout(shop, '/products', async () => {
      const start = await stopServer('first', 'SIGKILL');
      await isUnusable(shop, 'first', 'unavailable');
      await expect(readsDuring(() => get(shop, '/order'))).resolves.toEqual({ second: expect.any(Number) });
      await start();
      await areUsed(shop, 'first', 'second');
    });

    expect(statuses).toEqual([200]);
    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ first: 1 });
  });

  test('while it is suspended; a read in flight waits only until that is detected', async () => {
    const shop = await aShop();

    const { statuses, slowestMs } = await readThroughout(shop, '/products', async () => {
      await suspend('first');
      await isUnusable(shop, 'first', 'unavailable');
    });

    expect(statuses).toEqual([200]);
    expect(slowestMs).toBeLessThan(8_000);
  });

  test('while its lag exceeds the maximum, and only then', async () => {
    const shop = await aShop(['first', 'second'], { maxLagMs: 1_000 });
    const resume = await pauseReplay('first');
    await delay(1_500);
    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ first: 1 }); // the primary has written nothing yet

    await placeOrder(shop);
    await isUnusable(shop, 'first', 'lagging');

    expect(shop.reads.secondaryStates[0]?.lagMs).toBeGreaterThan(1_000);
    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ second: 1 });
    await resume();
    await areUsed(shop, 'first', 'second');
  });

  test('while the primary does not stream to it', async () => {
    const shop = await aShop();
    const connect = await disconnect('first');

    await isUnusable(shop, 'first', 'disconnected');

    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ second: 1 });
    await connect();
    await areUsed(shop, 'first', 'second');
  });

  test('while it is stopped; if all are, the primary answers', async () => {
    const shop = await aShop();

    const { statuses } = await readThroughout(shop, '/products', async () => {
      const [startFirst, startSecond] = await Promise.all([stopServer('first'), stopServer('second')]);
      await areUsed(shop);
      await expect(readsDuring(() => get(shop, '/order'))).resolves.toEqual({ primary: expect.any(Number) });
      await Promise.all([startFirst(), startSecond()]);
      await areUsed(shop, 'first', 'second');
    });

    expect(statuses).toEqual([200]);
  });
});

describe('while the primary is unavailable', () => {
  test.each<[string, (shop: Shop) => Promise<unknown>]>([
    [
      'killed',
      async (shop) => {
        await stopServer('primary', 'SIGKILL');
        // These reads refresh the secondaries, which are disconnected, before the primary is found to be unavailable.
        await Promise.all([1, 2, 3].map(() => get(shop, '/products', NEVER_REACHED)));
      },
    ],
    ['suspended', () => suspend('primary')],
  ])('reads are answered when it is %s', async (_how, breakIt) => {
    const shop = await aShop();
    const { path, ...answer } = await placeOrder(shop);
    const token = { 'Consistency-Token': tokenOf(answer) };
    await eventually(async () => expect(await readsDuring(() => get(shop, path, token))).toEqual({ first: 1 }));

    const { statuses } = await readThroughout(shop, path, async () => {
      await breakIt(shop);
      await delay(2_000);
    });

    expect(statuses).toEqual([200]);
    await expect(get(shop, path, token)).resolves.toMatchObject({ status: 200 });
  });

  test('no read waits for it once its suspension is detected', async () => {
    const shop = await aShop();
    await suspend('primary');
    await Promise.all([disconnect('first'), disconnect('second')]);
    await eventually(() =>
      expect(shop.reads.secondaryStates.map(({ state }) => state)).toEqual(['disconnected', 'disconnected']),
    );
    await areUsed(shop, 'first', 'second');
    const begun = performance.now();

    await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ first: 1 });

    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test('no client reads a state older than its own write', async () => {
    const shop = await aShop();
    await Promise.all([pauseReplay('first'), pauseReplay('second')]);
    const { path, ...answer } = await placeOrder(shop);
    await stopServer('primary', 'SIGKILL');

    await expect(get(shop, path, { 'Consistency-Token': tokenOf(answer) })).resolves.toMatchObject({ status: 503 });
  });
});

test('a secondary that lost its connections is not used until its position is read again', async () => {
  const proxy = await TcpProxy.to(urlOf('first'));
  const secondary = new Secondary(proxy.url, new PrimaryLog(), { poolSize: 1, maxLagMs: 5_000, log: silentLog });
  stopping.push(async () => {
    await secondary.stop();
    await proxy.close();
  });
  await eventually(async () => {
    await secondary.refresh();
    expect(secondary).toMatchObject({ state: 'streaming' });
  });
  expect(secondary.hasReplayed(1n)).toBe(true);

  proxy.dropConnections(); // like a crash, after which it may have replayed less

  await eventually(() => expect(secondary).toMatchObject({ state: 'unavailable' }));
  expect(secondary.hasReplayed(1n)).toBe(false);
});

test('a secondary is used again after its address has temporarily led to the primary', async () => {
  const proxy = await TcpProxy.to(urlOf('primary'));
  stopping.push(() => proxy.close());
  const shop = await aShop([], { secondaryUrls: [proxy.url] });
  const seen = (state: string): Promise<void> =>
    eventually(() => expect(shop.reads.secondaryStates).toMatchObject([{ state }]));
  await seen('promoted');

  proxy.redirectTo(urlOf('first')); // new connections only

  await seen('streaming');
});

test('the service reports the state of its secondaries, and which server answers its reads', async () => {
  const service = await ServiceProcess.start('order-management', {
    DATABASE_URL: urlOf('primary'),
    DATABASE_READ_URLS: `${urlOf('second')},${urlOf('first')}`,
    READ_MAX_LAG: '1s',
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    TEMPORAL_ADDRESS: 'localhost:1',
  });
  stopping.push(() => ServiceProcess.endAll());
  const getText = async (path: string): Promise<string> => (await fetch(`${service.url}${path}`)).text();
  const [first, second] = [`localhost:${ports.first}`, `localhost:${ports.second}`];
  await eventually(async () => {
    expect(JSON.parse(await getText('/readyz'))).toMatchObject({
      ready: true,
      checks: { [`secondary ${first}`]: 'streaming', [`secondary ${second}`]: 'streaming' },
    });
  });

  await service.request('GET', '/products');
  const metrics = await getText('/metrics');
  expect(metrics).toContain(`reads_total{from="${second}"} 1`);
  expect(metrics).toContain(`secondary_usable{secondary="${first}"} 1`);
  expect(metrics).toContain(`secondary_lag_seconds{secondary="${first}"} 0`);

  await pauseReplay('second');
  await aProduct(database);
  await eventually(async () =>
    expect(await getText('/metrics')).toContain(`secondary_usable{secondary="${second}"} 0`),
  );
  expect(JSON.parse(await getText('/readyz'))).toMatchObject({
    ready: true,
    checks: { [`secondary ${first}`]: 'streaming', [`secondary ${second}`]: 'lagging' },
  });
  expect(await getText('/metrics')).toMatch(new RegExp(`secondary_lag_seconds\\{secondary="${second}"\\} [1-9]`));
});

test('while the primary is unavailable, the service answers reads, and rejects new orders with 503 and Retry-After', async () => {
  const service = await ServiceProcess.start('order-management', {
    DATABASE_URL: urlOf('primary'),
    DATABASE_READ_URLS: urlOf('first'),
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    TEMPORAL_ADDRESS: 'localhost:1',
  });
  stopping.push(() => ServiceProcess.endAll());
  const shop = { url: `${service.url}/orderManagement` };
  const { productId } = await aProduct(database);
  await stopServer('primary');
  const ready = async () => (await fetch(`${service.url}/readyz`)).json();
  await eventually(async () => expect(await ready()).toMatchObject({ ready: true, checks: { database: 'down' } }));

  expect(await callService(shop, 'GET', '/order')).toMatchObject({ status: 200 });
  const refused = await callService(shop, 'POST', '/order', {
    customerId,
    products: [{ productId, orderedQuantity: 1 }],
  });

  expect(refused).toMatchObject({
    status: 503,
    body: { error: 'The service is temporarily unavailable. Try again in 5 seconds.' },
  });
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
});

test('a promoted secondary is no longer used', async () => {
  const shop = await aShop();
  await sql('first', 'SELECT pg_promote()');

  await isUnusable(shop, 'first', 'promoted');

  await expect(readsDuring(() => get(shop, '/products'))).resolves.toEqual({ second: 1 });
});
