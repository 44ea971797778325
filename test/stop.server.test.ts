import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { paymentsDatabaseOf, SERVICES, type ServiceName } from '@shop/dev/service-program';
import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import type { Client } from 'pg';
import { eventually } from './eventually';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';
import { SilentNameServer } from './silent-name-server';
import { SilentServer } from './silent-server';
import { TcpProxy } from './tcp-proxy';

// A service stops within 10 seconds and exits with code 0, whatever it lacks: Docker kills a container after 10 seconds.
// Each test stops both services.

const SERVERS = ['PostgreSQL', 'RabbitMQ', 'Temporal'] as const;
type Server = (typeof SERVERS)[number];
type Urls = Record<Server, URL>;

const ALL = SERVERS.reduce<Server[][]>((sets, server) => sets.flatMap((set) => [set, [...set, server]]), [[]]);
const combinations = ALL.map((missing) => [missing.join(' and ') || 'nothing', missing] as const);
const someMissing = combinations.slice(1);

let database: Awaited<ReturnType<typeof createDatabase>>;
let namespace: string;
let urls: Urls;
const opened: { stop: () => void }[] = [];

beforeAll(async () => {
  database = await createDatabase('stop');
  const temporal = await createNamespace('stop');
  namespace = temporal.namespace;
  urls = {
    PostgreSQL: new URL(database.url),
    RabbitMQ: new URL(virtualHostUrl('stop')),
    Temporal: new URL(`tcp://${temporal.address}`),
  };
});
afterEach(async () => {
  await ServiceProcess.endAll();
  for (const server of opened.splice(0)) server.stop();
});
afterAll(() => database.drop());

/** The servers' URLs, with a change to those that are missing. */
function change(missing: readonly Server[], modify: (url: URL) => void): Urls {
  const changed = missing.map((server) => {
    const url = new URL(urls[server]);
    modify(url);
    return [server, url] as const;
  });
  return { ...urls, ...Object.fromEntries(changed) };
}

function environmentOf(service: ServiceName, { PostgreSQL, RabbitMQ, Temporal }: Urls): NodeJS.ProcessEnv {
  const url = PostgreSQL.toString();
  return {
    DATABASE_URL: service === 'order-management' ? url : paymentsDatabaseOf(url),
    AMQP_URL: RabbitMQ.toString(),
    TEMPORAL_ADDRESS: Temporal.host,
    TEMPORAL_NAMESPACE: namespace,
  };
}

const launchBoth = (servers: Urls, command?: string[]): Promise<ServiceProcess[]> =>
  Promise.all(SERVICES.map((service) => ServiceProcess.launch(service, environmentOf(service, servers), command)));

/** Waits until each service has tried to use the servers. It uses no other server before PostgreSQL is available. */
const waitForAttempts = (services: ServiceProcess[], missing: readonly Server[]): Promise<void> =>
  eventually(async () => {
    for (const { output, url } of services) {
      expect((await fetch(`${url}/livez`)).status).toBe(200);
      if (!missing.includes('PostgreSQL')) expect(output).toContain('"msg":"started"');
    }
  }, 60_000);

async function expectStops(services: ServiceProcess[]): Promise<void> {
  const began = performance.now();
  const ends = await Promise.all(
    services.map(async (service) => {
      const { code } = await service.end('SIGTERM');
      return { code, afterMs: performance.now() - began, output: service.output };
    }),
  );
  for (const end of ends) {
    expect(end).toMatchObject({ code: 0 });
    expect(end.afterMs).toBeLessThan(10_000);
  }
}

describe('a service exits with 0 within 10 seconds after SIGTERM', () => {
  test.each(combinations)('if a server is down: %s', async (_, missing) => {
    const services = await launchBoth(change(missing, (url) => (url.host = 'localhost:1')));
    await waitForAttempts(services, missing);

    await expectStops(services);
  });

  test.each(someMissing)('if a server accepts connections and is silent: %s', async (_, missing) => {
    const silent = await SilentServer.start();
    opened.push(silent);
    const services = await launchBoth(change(missing, (url) => (url.host = silent.host)));
    await waitForAttempts(services, missing);
    await eventually(() => expect(silent.connections).toBeGreaterThanOrEqual(services.length));

    await expectStops(services);
  });

  test.each(someMissing)('if a server falls silent while the service uses it: %s', async (_, missing) => {
    const silent = await SilentServer.start();
    opened.push(silent);
    const proxies = await Promise.all(
      missing.map(async (server) => [server, await TcpProxy.to(urls[server].toString())] as const),
    );
    const proxied = Object.fromEntries(proxies.map(([server, proxy]) => [server, new URL(proxy.url)]));
    const services = await launchBoth({ ...urls, ...proxied });
    await eventually(() => {
      for (const { output } of services) {
        expect(output).toContain('"msg":"Temporal connected"');
        expect(output).toContain('"msg":"RabbitMQ connected"');
      }
    }, 60_000);

    for (const [, proxy] of proxies) {
      proxy.redirectTo(`tcp://${silent.host}`);
      proxy.holdResponses();
    }
    await expectStops(services);
    for (const [, proxy] of proxies) await proxy.close();
  });

  const testIfPossible = SilentNameServer.isPossible || process.env['CI'] ? test : test.skip;
  testIfPossible.each(someMissing)('while the look-up of a server hangs: %s', async (_, missing) => {
    const names = await SilentNameServer.start();
    opened.push(names);
    const services = await launchBoth(
      change(missing, (url) => (url.hostname = 'gone')),
      names.command,
    );
    await waitForAttempts(services, missing);

    await expectStops(services);
  });
});

describe('a request in flight is answered before the service exits', () => {
  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
    ['SIGHUP', 'SIGTERM'],
  ] as const)('after %s and %s', async (first, second) => {
    const service = await ServiceProcess.start('order-management', environmentOf('order-management', urls));
    await withDatabase(database.url, async (sql) => {
      await sql.query('BEGIN');
      await sql.query('SELECT FROM products FOR UPDATE');
      const products = [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity: 1 }];
      const order = { customerId: PREDEFINED_CUSTOMER.customerId, products };
      const answer = service.request('POST', '/order', order); // waits for the lock
      await eventually(async () => expect(await countWaiting(sql)).toBe(1));

      service.send(first);
      await eventually(() => expect(service.output).toContain('"msg":"stopping"'));
      service.send(second);
      await eventually(() => expect(service.output).toContain('already stopping'));
      await sql.query('COMMIT');

      expect(await answer).toMatchObject({ orderStatus: 'placed' });
      expect(await service.ended).toMatchObject({ code: 0 });
    });
  });
});

async function countWaiting(sql: Client): Promise<number> {
  await sql.query('SELECT pg_stat_clear_snapshot()'); // a transaction would see the same activity again and again
  const { rows } = await sql.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rows.at(0)?.count ?? 0;
}
