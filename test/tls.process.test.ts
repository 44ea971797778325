import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import { Servers } from '@shop/dev/servers';
import { startTemporal } from '@shop/dev/temporal';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { CertificateAuthority } from '@shop/dev/certificates';
import { eventually } from './eventually';
import { configureTls } from './postgres-tls';
import { ServiceProcess } from './service-process';
import { temporaryFolder } from './temporary-folder';
import { TlsProxy } from '@shop/dev/tls-proxy';

// This suite starts PostgreSQL, RabbitMQ and Temporal. They have certificates of a private CA, and require a client
// certificate of that CA. Temporal's development server has no TLS, so a proxy terminates it.

const folder = temporaryFolder('tls');
const servers = new Servers(join(folder, 'logs'));
const authority = new CertificateAuthority(folder, 'shop-ca');
const client = authority.issue('shop');
const stranger = new CertificateAuthority(folder, 'other-ca').issue('shop');
const print = (line: string): void => void process.stderr.write(`${line}\n`);
let temporal: TlsProxy;
/** Temporal behind a certificate that does not contain the host of its address. */
let renamed: TlsProxy;
/** Settings with which everything works. */
let secured: Record<
  'AMQP_URL' | 'AMQP_TLS_CA' | 'AMQP_TLS_CERT' | 'AMQP_TLS_KEY' | 'TEMPORAL_ADDRESS' | 'DATABASE_URL',
  string
> &
  NodeJS.ProcessEnv;
/** Unsets what `secured` sets for Temporal. */
const withoutTemporal = {
  TEMPORAL_ADDRESS: '',
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: '',
  TEMPORAL_TLS_CLIENT_CERT_PATH: '',
  TEMPORAL_TLS_CLIENT_KEY_PATH: '',
};
const profile = join(folder, 'home', 'temporalio', 'temporal.toml');
let plainAmqpPort: number;
let plainTemporal: string;

beforeAll(async () => {
  const program = await findOrInstallRabbitMq(print);
  if (program === null) throw new Error('This test needs RabbitMQ.');
  const cli = await findTemporalCli(print);
  const server = authority.issue('server');
  const [postgresPort, amqpPort] = [await freePort(), await freePort()];
  plainAmqpPort = await freePort();
  const configuration = `listeners.ssl.default = 127.0.0.1:${amqpPort}
ssl_options.cacertfile = ${authority.cert}
ssl_options.certfile = ${server.cert}
ssl_options.keyfile = ${server.key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
`;
  const rabbitmq = { program, port: plainAmqpPort, folder: join(folder, 'rabbitmq'), configuration };
  const postgres = { port: postgresPort, folder: join(folder, 'postgresql'), forTests: true };
  const [maintenanceUrl, , address] = await Promise.all([
    startPostgres(postgres, servers),
    startRabbitMq(rabbitmq, servers),
    startTemporal({ cli, port: await freePort() }, servers),
  ]);
  plainTemporal = address;
  const rules = 'hostssl all all all scram-sha-256 clientcert=verify-ca\nhost all all all reject';
  configureTls(postgres.folder, { certificate: server, clientAuthority: authority, rules });
  await withDatabase(maintenanceUrl, (sql) => sql.query('SELECT pg_reload_conf()'));
  temporal = await TlsProxy.start({ target: address, certificate: server, clientAuthority: authority });
  renamed = await TlsProxy.start({
    target: address,
    certificate: authority.issue('renamed', ['DNS:temporal.example']),
    clientAuthority: authority,
  });

  const files = `sslmode=verify-full&sslrootcert=${authority.cert}&sslcert=${client.cert}&sslkey=${client.key}`;
  secured = {
    DATABASE_URL: `postgresql://postgres:postgres@localhost:${postgresPort}/shop?${files}`,
    AMQP_URL: `amqps://guest:guest@localhost:${amqpPort}`,
    AMQP_TLS_CA: authority.cert,
    AMQP_TLS_CERT: client.cert,
    AMQP_TLS_KEY: client.key,
    TEMPORAL_ADDRESS: `localhost:${temporal.port}`,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.cert,
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
  };
  mkdirSync(dirname(profile), { recursive: true });
  writeFileSync(
    profile,
    `[profile.shop]
address = "${secured.TEMPORAL_ADDRESS}"
[profile.shop.tls]
server_ca_cert_path = "${authority.cert}"
client_cert_path = "${client.cert}"
client_key_path = "${client.key}"
`,
  );
});
afterEach(() => ServiceProcess.endAll());
afterAll(async () => {
  await temporal.close();
  await renamed.close();
  await servers.stopAll();
  rmSync(folder, { recursive: true });
});

interface Order {
  orderId: string;
  orderStatus: string;
}

test('an order is paid and shipped over connections that are all secured by private certificates', async () => {
  const orders = await ServiceProcess.start('order-management', secured);
  const paymentsUrl = `${secured.DATABASE_URL}&schema=payments`;
  await ServiceProcess.start('payment-processing', { ...secured, DATABASE_URL: paymentsUrl });

  const { orderId } = await orders.request<Order>('POST', '/order', {
    customerId: PREDEFINED_CUSTOMER.customerId,
    products: [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity: 1 }],
  });

  await eventually(async () => {
    expect(await orders.request<Order>('GET', `/order/${orderId}`)).toMatchObject({ orderStatus: 'shipped' });
  });
});

describe('a service connects to Temporal', () => {
  test.each<[string, () => NodeJS.ProcessEnv]>([
    [
      'with the CA of NODE_EXTRA_CA_CERTS',
      () => ({ TEMPORAL_TLS: 'on', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '', NODE_EXTRA_CA_CERTS: authority.cert }),
    ],
    [
      'with the older names of the settings',
      () => ({
        ...withoutTemporal,
        TEMPORAL_ADDRESS: secured.TEMPORAL_ADDRESS,
        TEMPORAL_TLS_CA: authority.cert,
        TEMPORAL_TLS_CERT: client.cert,
        TEMPORAL_TLS_KEY: client.key,
      }),
    ],
    [
      'with certificates as values',
      () => ({
        ...withoutTemporal,
        TEMPORAL_ADDRESS: secured.TEMPORAL_ADDRESS,
        TEMPORAL_TLS_SERVER_CA_CERT_DATA: readFileSync(authority.cert, 'utf8'),
        TEMPORAL_TLS_CLIENT_CERT_DATA: readFileSync(client.cert, 'utf8'),
        TEMPORAL_TLS_CLIENT_KEY_DATA: readFileSync(client.key, 'utf8'),
      }),
    ],
    ['with a profile', () => ({ ...withoutTemporal, TEMPORAL_CONFIG_FILE: profile, TEMPORAL_PROFILE: 'shop' })],
    [
      'with a profile of the home folder',
      () => ({ ...withoutTemporal, XDG_CONFIG_HOME: join(folder, 'home'), TEMPORAL_PROFILE: 'shop' }),
    ],
    [
      'whose certificate has the name of TEMPORAL_TLS_SERVER_NAME',
      () => ({ TEMPORAL_ADDRESS: `localhost:${renamed.port}`, TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }),
    ],
  ])('%s', async (_, settings) => {
    const payments = await ServiceProcess.launch('payment-processing', { ...secured, ...settings() });

    await eventually(() => expect(payments.output).toContain('"msg":"Temporal connected"'));
  });
});

describe('a service names the setting to change if a handshake fails', () => {
  test.each<[string, () => NodeJS.ProcessEnv, string]>([
    [
      'DATABASE_URL without sslrootcert',
      () => ({ DATABASE_URL: untrusting(secured.DATABASE_URL) }),
      'Set sslrootcert in',
    ],
    [
      'DATABASE_URL without a client certificate',
      () => ({ DATABASE_URL: secured.DATABASE_URL.replace(/&sslcert.*/, '') }),
      'connection requires a valid client certificate',
    ],
    ['no AMQP_TLS_CA', () => ({ AMQP_TLS_CA: '' }), 'Set AMQP_TLS_CA to'],
    ['no AMQP_TLS_CERT', () => ({ AMQP_TLS_CERT: '', AMQP_TLS_KEY: '' }), 'Set AMQP_TLS_CERT and AMQP_TLS_KEY to'],
    [
      'amqps: on a port without TLS',
      () => ({ AMQP_URL: `amqps://guest:guest@localhost:${plainAmqpPort}` }),
      'The broker does not use TLS on this port.',
    ],
    [
      'no TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '' }),
      'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to',
    ],
    [
      'no TEMPORAL_TLS_CLIENT_CERT_PATH',
      () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' }),
      'Set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH to',
    ],
    [
      'no TEMPORAL_TLS_SERVER_NAME',
      () => ({ TEMPORAL_ADDRESS: `localhost:${renamed.port}` }),
      'Set TEMPORAL_TLS_SERVER_NAME to',
    ],
    [
      'TLS on a port without it',
      () => ({ TEMPORAL_ADDRESS: plainTemporal }),
      'The server does not use TLS on this port.',
    ],
  ])('%s', async (_, settings, remedy) => {
    const payments = await ServiceProcess.launch('payment-processing', { ...secured, ...settings() });

    await eventually(() => expect(payments.output).toContain(remedy));
  });
});

const untrusting = (url: string): string => url.replace(/&sslrootcert=[^&]*/, '');

test.each<[string, string, NodeJS.ProcessEnv]>([
  [
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    'is not a PEM file with a certificate. Error: ENOENT',
    { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/missing.pem' },
  ],
  ['AMQP_TLS_CA', 'is not a PEM file with a certificate.', { AMQP_TLS_CA: client.key }],
  ['AMQP_TLS_KEY', 'is not a PEM file with a private key without a passphrase.', { AMQP_TLS_KEY: client.cert }],
  [
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
    'needs TEMPORAL_TLS_CLIENT_KEY_PATH. Set both or none.',
    { TEMPORAL_TLS_CLIENT_KEY_PATH: '' },
  ],
  ['AMQP_TLS_KEY', 'needs AMQP_TLS_CERT. Set both or none.', { AMQP_TLS_CERT: '' }],
  ['AMQP_TLS_CERT', 'does not belong to the private key in AMQP_TLS_KEY.', { AMQP_TLS_KEY: stranger.key }],
])('a service refuses to start if %s %s', async (setting, problem, settings) => {
  const payments = await ServiceProcess.launch('payment-processing', { ...secured, ...settings });

  expect(await payments.ended).toEqual({ code: 1, signal: null });
  const shown = /_KEY(_PATH)?$/.test(setting) ? '' : '=.*'; // an operator may have set the key itself instead of its path
  expect(payments.output).toMatch(new RegExp(`^config: ${setting}${shown} ${problem.replaceAll('.', '\\.')}`));
});

/** Runs a command. @returns its output */
async function run(path: string, args: string[], settings: NodeJS.ProcessEnv): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings };
  const program = join(__dirname, '..', path);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], { env }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return stdout + stderr;
}

describe('the commands use the same certificates', () => {
  test('make parked', async () => {
    await expect(run('packages/amqp/dist/parked.js', ['list'], secured)).resolves.toMatch(/\d+ parked\n$/);
    await expect(run('packages/amqp/dist/parked.js', ['list'], { ...secured, AMQP_TLS_CA: '' })).resolves.toContain(
      'Set AMQP_TLS_CA to',
    );
  });

  test('make run', async () => {
    const withoutCa = { ...secured, AMQP_TLS_CA: '', ORDER_PORT: String(await freePort()), CONTAINER_ENGINE: 'none' };
    const ports = { PAYMENT_PORT: String(await freePort()), DATA_FOLDER: join(folder, 'run') };
    await expect(run('tools/dev/dist/run.js', ['--demo'], { ...withoutCa, ...ports })).resolves.toMatch(
      /PostgreSQL: using the server at .*\n[^]*RabbitMQ at localhost:\d+ is unavailable \(.* Set AMQP_TLS_CA to/,
    );
  });

  test('make replay', async () => {
    await expect(run('tools/dev/dist/replay.js', [], secured)).resolves.toMatch(/\d+ replayed, 0 with a mismatch\n$/);
  });

  test('make temporal', async () => {
    const list = ['workflow', 'list', '--limit', '1'];
    await expect(run('tools/dev/dist/temporal-command.js', list, secured)).resolves.toMatch(/^ *Status|^$/);
    const selected = { TEMPORAL_CONFIG_FILE: profile, TEMPORAL_PROFILE: 'shop' };
    await expect(run('tools/dev/dist/temporal-command.js', list, selected)).resolves.toMatch(/^ *Status|^$/);
  });
});
