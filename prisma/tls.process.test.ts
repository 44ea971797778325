import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { Servers } from '@shop/dev/servers';
import { CertificateAuthority, type Certificate } from '@shop/dev/certificates';
import { configureTls, useServerCertificate } from '../test/postgres-tls';
import { eventually } from '../test/eventually';
import { ServiceProcess } from '../test/service-process';
import { temporaryFolder } from '../test/temporary-folder';
import { connectOrders } from './clients';
import { connectionOf } from './connection';
import { databaseFaultOf } from './errors';
import { migrate } from './migrate';
import { ReplicationProbe } from './replication';

// This suite starts two PostgreSQL servers: one with TLS and a private CA, one without TLS.

const folder = temporaryFolder('database-tls');
const servers = new Servers(join(folder, 'logs'));
const authority = new CertificateAuthority(folder, 'shop-ca');
const strangers = new CertificateAuthority(folder, 'other-ca');
const client = authority.issue('postgres');
const ports = { encrypted: 0, plain: 0 };

beforeAll(async () => {
  for (const name of ['encrypted', 'plain'] as const) {
    ports[name] = await freePort();
    await startPostgres({ name, port: ports[name], folder: join(folder, name), forTests: true }, servers);
  }
  configureTls(join(folder, 'encrypted'), {
    certificate: authority.issue('server'),
    clientAuthority: authority,
    rules: 'hostssl all certified all scram-sha-256 clientcert=verify-ca',
  });
  await query(urlOf('encrypted', ''), `CREATE ROLE certified SUPERUSER LOGIN PASSWORD 'postgres'`);
  await query(urlOf('encrypted', ''), `SELECT pg_reload_conf()`);
  await expect(query(urlOf('encrypted', ''), 'SHOW ssl')).resolves.toEqual([{ ssl: 'on' }]);
});
afterAll(async () => {
  await servers.stopAll();
  rmSync(folder, { recursive: true });
});

/** Changes the certificate of the server for new connections. */
async function useCertificate(certificate: Certificate): Promise<void> {
  useServerCertificate(join(folder, 'encrypted'), certificate);
  await query(urlOf('encrypted', ''), 'SELECT pg_reload_conf()');
}

/** Changes the certificate of the server, and ends the sessions that were opened with the old one. */
async function replaceCertificate(certificate: Certificate): Promise<void> {
  await useCertificate(certificate);
  await query(
    urlOf('encrypted', ''),
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'order-management'`,
  );
}

function urlOf(
  server: keyof typeof ports,
  parameters: string,
  { user = 'postgres', host = 'localhost', database = 'postgres' } = {},
): string {
  const files = parameters
    .replace('CA', authority.cert)
    .replace('OTHER', strangers.cert)
    .replace('CERT', client.cert)
    .replace('KEY', client.key);
  return `postgresql://${user}:postgres@${host}:${ports[server]}/${database}?${files}`;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const { Client, ...config } = connectionOf(url);
  const connection = new Client(config);
  await connection.connect();
  try {
    return (await connection.query<object>(statement)).rows;
  } finally {
    await connection.end();
  }
}

/** Connects. @returns whether the connection is encrypted, or the message of the error */
async function connect(url: string): Promise<unknown> {
  try {
    const [row] = await query(url, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return (row as { ssl: boolean }).ssl ? 'encrypted' : 'plain';
  } catch (error) {
    return (error as Error).message;
  }
}

const ID = '00000000-0000-4000-8000-000000000001';
const ORDER = JSON.stringify({ customerId: ID, products: [{ productId: ID, orderedQuantity: 1 }] });

const UNTRUSTED = /certificate.* Set sslrootcert in DATABASE_URL to the certificate of its CA\.$/;
const NO_TLS =
  'The server does not support SSL connections. Turn TLS on in the server, or remove sslmode from DATABASE_URL.';

describe('the parameters of a database URL mean what they mean to libpq', () => {
  test.each([
    ['sslmode=', 'plain', 'plain'],
    ['sslmode=disable', 'plain', 'plain'],
    ['sslmode=prefer', 'encrypted', 'plain'],
    ['sslmode=prefer&sslrootcert=OTHER', 'encrypted', 'plain'],
    ['sslmode=require', 'encrypted', NO_TLS],
    ['sslmode=require&sslrootcert=CA', 'encrypted', NO_TLS],
    ['sslmode=require&sslrootcert=OTHER', UNTRUSTED, NO_TLS],
    ['sslmode=verify-ca&sslrootcert=CA', 'encrypted', NO_TLS],
    ['sslmode=verify-ca&sslrootcert=OTHER', UNTRUSTED, NO_TLS],
    ['sslmode=verify-full&sslrootcert=CA', 'encrypted', NO_TLS],
    ['sslmode=verify-full&sslrootcert=OTHER', UNTRUSTED, NO_TLS],
    ['sslmode=verify-full', UNTRUSTED, NO_TLS],
    ['sslmode=verify-full&sslrootcert=system', UNTRUSTED, NO_TLS],
    ['sslmode=require&uselibpqcompat=true', 'encrypted', NO_TLS],
  ])('%s', async (parameters, withTls, withoutTls) => {
    expect(await connect(urlOf('encrypted', parameters))).toEqual(
      typeof withTls === 'string' ? withTls : expect.stringMatching(withTls),
    );
    expect(await connect(urlOf('plain', parameters))).toEqual(withoutTls);
  });

  test.each([
    ['sslmode=require&sslrootcert=CA', 'encrypted'],
    ['sslmode=verify-ca&sslrootcert=CA', 'encrypted'],
    ['sslmode=verify-full&sslrootcert=CA', /altnames.* Use a name of the certificate as the host of DATABASE_URL\.$/],
  ])('%s with a certificate of another host', async (parameters, expected) => {
    await useCertificate(authority.issue('elsewhere', ['DNS:elsewhere.example']));
    try {
      const outcome = await connect(urlOf('encrypted', parameters));
      expect(outcome).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
    } finally {
      await useCertificate(authority.issue('server'));
    }
  });

  test('verify-full accepts an address that the certificate names', async () => {
    const url = urlOf('encrypted', 'sslmode=verify-full&sslrootcert=CA', { host: '127.0.0.1' });
    expect(await connect(url)).toBe('encrypted');
  });

  test('sslcert and sslkey are sent to a server that requires a client certificate', async () => {
    const certified = { user: 'certified' };
    const withCertificate = 'sslmode=verify-full&sslrootcert=CA&sslcert=CERT&sslkey=KEY';
    expect(await connect(urlOf('encrypted', withCertificate, certified))).toBe('encrypted');
    expect(await connect(urlOf('encrypted', 'sslmode=verify-full&sslrootcert=CA', certified))).toMatch(
      'requires a valid client certificate',
    );
  });
});

test('migrations, queries and the replication probe all use the certificates', async () => {
  const parameters = 'sslmode=verify-full&sslrootcert=CA&sslcert=CERT&sslkey=KEY';
  const url = urlOf('encrypted', parameters, { user: 'certified', database: 'shop' });
  await expect(migrate(url, 'orders')).resolves.not.toEqual([]);

  const database = connectOrders(url, { poolSize: 2 });
  const probe = new ReplicationProbe(url, 'primary');
  try {
    const [{ ssl }] = await database.$queryRaw<[{ ssl: boolean }]>`
      SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
    expect(ssl).toBe(true);
    await expect(probe.readStatus()).resolves.toMatchObject({ inRecovery: false });
  } finally {
    await database.$disconnect();
    await probe.stop();
  }
});

test.each([
  ['sslrootcert=CA', 'The certificates have no effect without sslmode. Add sslmode=verify-full.'],
  ['sslmode=allow', 'sslmode=allow is not valid. Use one of disable, prefer, require, verify-ca, verify-full.'],
  ['sslmode=verify-ca', 'sslmode=verify-ca needs sslrootcert: a public CA also signs certificates of other owners.'],
  ['sslmode=verify-ca&sslrootcert=system', 'sslmode=verify-ca needs sslrootcert'],
  ['sslmode=require&sslcert=CERT', 'sslcert and sslkey belong together. Set both or none.'],
  ['sslmode=require&sslrootcert=/missing.pem', 'sslrootcert is not readable: Error: ENOENT'],
  ['sslmode=require&sslrootcert=KEY', 'sslrootcert, sslcert or sslkey cannot be used'],
  ['sslmode=require&sslcert=OTHER&sslkey=KEY', 'sslrootcert, sslcert or sslkey cannot be used'],
  ['sslmode=prefer&sslnegotiation=direct', 'sslnegotiation=direct needs sslmode=require or a stricter mode.'],
  ['sslmode=require&sslcrl=list.pem', 'sslcrl is not supported.'],
  ['ssl=true', 'ssl is not supported. Use sslmode'],
])('refuses %s', (parameters, message) => {
  expect(() => connectionOf(urlOf('plain', parameters))).toThrow(message);
});

describe('a certificate that is no longer trusted', () => {
  const parameters = 'sslmode=verify-full&sslrootcert=CA';

  afterEach(async () => {
    await replaceCertificate(authority.issue('server'));
    await ServiceProcess.endAll();
  });

  test('counts as an outage at run time', async () => {
    const database = connectOrders(urlOf('encrypted', parameters), { poolSize: 1 });
    await database.$queryRaw`SELECT 1`;

    await replaceCertificate(strangers.issue('server'));

    await eventually(async () => {
      const failure: unknown = await database.$queryRaw`SELECT 1`.catch((error: unknown) => error);
      expect(String(failure)).toMatch('certificate');
      expect(databaseFaultOf(failure)).toBe('unavailable');
    });
    await database.$disconnect();
  });

  test('makes requests fail with 503 and a start wait, until it is trusted again', async () => {
    const settings = {
      DATABASE_URL: urlOf('encrypted', parameters, { database: 'renewed' }),
      AMQP_URL: 'none',
      PAYMENT_CHANNEL: 'activity',
    };
    await replaceCertificate(strangers.issue('server'));
    const service = await ServiceProcess.launch('order-management', settings);
    await eventually(async () => {
      expect(service.output).toMatch(/certificate.*Set sslrootcert.*"msg":"waiting for PostgreSQL"/);
    }, 60_000);

    for (const method of ['GET', 'POST']) {
      const response = await fetch(`${service.url}/orderManagement/order`, {
        method,
        ...(method === 'POST' && { headers: { 'Content-Type': 'application/json' }, body: ORDER }),
      });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
    }

    await replaceCertificate(authority.issue('server'));
    await eventually(async () => {
      expect((await fetch(`${service.url}/orderManagement/order`)).status).toBe(200);
    }, 60_000);
  });
});

test("libpq's environment variables are the defaults of the parameters", () => {
  process.env['PGSSLMODE'] = 'verify-full';
  process.env['PGSSLROOTCERT'] = authority.cert;
  try {
    expect(connectionOf(urlOf('plain', '')).ssl).toMatchObject({ rejectUnauthorized: true, ca: expect.anything() });
    expect(connectionOf(urlOf('plain', 'sslmode=disable')).ssl).toBe(false);
  } finally {
    delete process.env['PGSSLMODE'];
    delete process.env['PGSSLROOTCERT'];
  }
});
