import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { ROOT } from './documents';
import { eventually } from './eventually';
import { createDatabase, createNamespace } from './servers';
import { ServiceProcess } from './service-process';

const keyOf = (name: string): string => `${name}:${randomBytes(32).toString('base64')}`;
const [OLD, NEW] = [keyOf('old'), keyOf('new')];
const UI = 'https://temporal.example.com';

let database: Awaited<ReturnType<typeof createDatabase>>;
let connection: Connection;
let namespace: string;
let cli: string;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  database = await createDatabase('encryption');
  const temporal = await createNamespace('encryption');
  ({ namespace } = temporal);
  connection = await Connection.connect({ address: temporal.address });
  cli = await findTemporalCli(() => undefined);
  settings = {
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    PAYMENT_TIMEOUT: '5m',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: database.url,
  };
});
afterEach(() => ServiceProcess.endAll());
afterAll(async () => {
  await connection.close();
  await database.drop();
});

const startOrders = (keys: string) => ServiceProcess.start('order-management', { ...settings, PAYLOAD_KEYS: keys });
const launchPayments = (keys: string) =>
  ServiceProcess.launch('payment-processing', {
    ...settings,
    PAYLOAD_KEYS: keys,
    DATABASE_URL: `${database.url}?schema=payments`,
  });

async function place(orders: ServiceProcess): Promise<string> {
  const products = [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity: 1 }];
  const order = { customerId: PREDEFINED_CUSTOMER.customerId, products };
  return (await orders.request<{ orderId: string }>('POST', '/order', order)).orderId;
}

const statusOf = async (orders: ServiceProcess, orderId: string): Promise<string> =>
  (await orders.request<{ orderStatus: string }>('GET', `/order/${orderId}`)).orderStatus;

const waitUntilShipped = (orders: ServiceProcess, orderId: string): Promise<void> =>
  eventually(async () => expect(await statusOf(orders, orderId)).toBe('shipped'), 90_000);

async function waitForPaymentRequest(orderId: string): Promise<void> {
  await eventually(async () => expect(await historyOf(orderId)).toContain('ACTIVITY_TASK_SCHEDULED'));
}

/** Returns the history of a saga as the server stores it. */
async function historyOf(orderId: string): Promise<string> {
  const execution = { workflowId: orderWorkflowId(orderId) };
  const { history } = await connection.workflowService.getWorkflowExecutionHistory({ namespace, execution });
  return historyToJSON(history!);
}

/** Returns the input of the saga in a history, in JSON, as text. */
function inputOf(json: string): string {
  const { events } = JSON.parse(json) as {
    events: { [attributes: string]: { input?: { payloads: { data: string }[] } } }[];
  };
  const [payload] = events[0]?.['workflowExecutionStartedEventAttributes']?.input?.payloads ?? [];
  return Buffer.from(payload?.data ?? '', 'base64').toString();
}

/** Lists where a history contains payloads that are not encrypted, without the numbers of its events. */
function plainPayloads(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { encoding } = ((value as { metadata?: object }).metadata ?? {}) as { encoding?: string };
  if (encoding !== undefined) {
    const isEncrypted = Buffer.from(encoding, 'base64').toString() === 'binary/encrypted';
    return isEncrypted ? [] : [path];
  }
  const entries = Object.entries(value).map(([key, part]) =>
    plainPayloads(part, /^\d+$/.test(key) ? path : `${path}/${key}`),
  );
  return [...new Set(entries.flat())];
}

/** Runs a program of the repository or another one. @returns its output */
async function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings, ...env };
  const command: [string, string[]] = program.endsWith('.js')
    ? [process.execPath, [join(ROOT, program), ...args]]
    : [program, args];
  const { stdout, stderr } = await promisify(execFile)(...command, { env: environment }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return stdout + stderr;
}

describe('an order whose saga is encrypted', () => {
  let orderId: string;
  let codecUrl: string;
  let codec: ChildProcess;
  let operatorKey: string;

  beforeAll(async () => {
    const [orders] = await Promise.all([startOrders(OLD), launchPayments(OLD)]);
    orderId = await place(orders);
    await waitUntilShipped(orders, orderId);

    const create = ['create', '--name', 'test', '--role'];
    const keys = 'packages/runtime/dist/access/manage-api-keys.js';
    [operatorKey = ''] = (await run(keys, [...create, 'operator'])).split('\n');
    const port = await freePort();
    codecUrl = `http://localhost:${port}`;
    codec = spawn(process.execPath, [join(ROOT, 'packages/runtime/dist/serve-codec.js')], {
      env: {
        DATABASE_URL: database.url,
        PAYLOAD_KEYS: OLD,
        CODEC_PORT: String(port),
        AUTH: 'api-keys',
        TEMPORAL_UI_URL: UI,
      },
      stdio: 'ignore',
    });
    await eventually(async () => expect((await fetch(codecUrl)).status).toBe(404));
  });
  afterAll(async () => {
    const ended = once(codec, 'exit');
    codec.kill('SIGTERM');
    await ended;
  });

  test('has a history without plain payloads, except search attributes and what the SDK records about local activities', async () => {
    const history = await historyOf(orderId);

    expect(history).toContain(Buffer.from('binary/encrypted').toString('base64'));
    const plain = plainPayloads(JSON.parse(history)).map((path) => path.replace(/\/indexedFields\/.*/, '/…'));
    expect(new Set(plain)).toEqual(
      new Set([
        '/events/workflowExecutionStartedEventAttributes/searchAttributes/…',
        '/events/upsertWorkflowSearchAttributesEventAttributes/searchAttributes/…',
        '/events/markerRecordedEventAttributes/details/data/payloads',
      ]),
    );
  });

  test('is shown by the CLI with the codec server, and not without it', async () => {
    const show = ['workflow', 'show', '--workflow-id', orderWorkflowId(orderId), '--output', 'json'];
    const withCodec = ['--codec-endpoint', codecUrl, '--codec-auth', `Bearer ${operatorKey}`];

    expect(inputOf(await run(cli, show))).not.toContain('maxRequests');
    expect(inputOf(await run(cli, [...show, ...withCodec]))).toContain('"maxRequests":3');
  });

  test('is shown by our commands, which have the keys', async () => {
    const show = ['workflow', 'show', '--workflow-id', orderWorkflowId(orderId), '--output', 'json'];
    const env = { PAYLOAD_KEYS: OLD };

    expect(inputOf(await run('tools/dev/dist/temporal-command.js', show, env))).toContain('"maxRequests":3');
    await expect(run('tools/dev/dist/replay.js', [], env)).resolves.toMatch(/\d+ replayed, 0 with a mismatch\n$/);
    const name = `recorded-encrypted-${process.pid}`;
    const file = join(ROOT, 'workflows', 'histories', `${name}.json`);
    try {
      await run('tools/dev/dist/record.js', [], { ...env, SAGA: orderWorkflowId(orderId), NAME: name });
      expect(inputOf(readFileSync(file, 'utf8'))).toContain('"maxRequests":3');
      await expect(run('tools/dev/dist/replay.js', [file])).resolves.toMatch(/1 replayed, 0 with a mismatch\n$/);
    } finally {
      rmSync(file, { force: true });
    }
  });

  const decode = (headers: Record<string, string>, body: string) =>
    fetch(`${codecUrl}/decode`, { method: 'POST', headers, body });
  const payloads = '{"payloads":[]}';

  test.each([
    ['no credential', {}, 401],
    ['a wrong credential', { Authorization: 'Bearer shop_aaaaaaaaaaaa_b' }, 401],
  ])('is not decoded for %s', async (_, headers, status) => {
    expect((await decode(headers, payloads)).status).toBe(status);
  });

  test('is decoded for the page of the Web UI only', async () => {
    const Authorization = `Bearer ${operatorKey}`;
    const allowed = await decode({ Authorization, Origin: UI, 'X-Namespace': namespace }, payloads);
    const foreign = await decode({ Authorization, Origin: 'https://evil.example' }, payloads);
    const preflight = await fetch(`${codecUrl}/decode`, {
      method: 'OPTIONS',
      headers: {
        Origin: UI,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type,x-namespace',
      },
    });

    expect({ status: allowed.status, body: await allowed.json() }).toEqual({ status: 200, body: {} });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(UI);
    expect(foreign.status).toBe(403);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-namespace');
  });

  test.each([
    ['not JSON', 'payloads', 400],
    ['not a list', '{"payloads":7}', 400],
    ['too large', JSON.stringify({ payloads: [{ data: 'A'.repeat(9_000_000) }] }), 413],
  ])('is not decoded if the request is %s', async (_, body, status) => {
    expect((await decode({ Authorization: `Bearer ${operatorKey}` }, body)).status).toBe(status);
  });
});

test('an order waits while a worker lacks its key, and is shipped when the worker has it', async () => {
  const first = await startOrders(OLD);
  const orderId = await place(first);
  await waitForPaymentRequest(orderId);
  await first.end('SIGTERM');

  const lacking = await startOrders(NEW);
  await launchPayments(`${NEW},${OLD}`);
  await eventually(
    () => expect(lacking.output).toMatch(/A payload is encrypted with the key old\/[\da-f]{16}, which PAYLOAD_KEYS/),
    60_000,
  );
  expect(await statusOf(lacking, orderId)).toBe('placed');
  await lacking.end('SIGTERM');

  await waitUntilShipped(await startOrders(`${NEW},${OLD}`), orderId);
});

test('an order that was placed before encryption was switched on is shipped', async () => {
  const first = await startOrders('');
  const orderId = await place(first);
  await waitForPaymentRequest(orderId);
  await first.end('SIGTERM');

  const [orders] = await Promise.all([startOrders(NEW), launchPayments(NEW)]);

  await waitUntilShipped(orders, orderId);
});
