import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stockDemonstrationProduct } from '@shop/dev/demonstration';
import { freePort } from '@shop/dev/ports';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { withDatabase } from '@shop/dev/with-database';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { DOCUMENTS, ROOT } from './documents';
import { eventually } from './eventually';
import { commandsIn, type PrintedCommand } from './printed-commands';
import { createDatabase, createNamespace, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';
import { temporaryFolder } from './temporary-folder';

// Runs every command of the documents as printed, except that the services use free ports.
const CUSTOMER = PREDEFINED_CUSTOMER.customerId;
const THERMOS = PREDEFINED_PRODUCT.productId;
const RECORDED = join(ROOT, 'workflows', 'histories', 'what-happens.json');

const printed = DOCUMENTS.flatMap((document) => commandsIn(document, readFileSync(join(ROOT, document), 'utf8')));

interface Order {
  orderId: string;
  orderStatus: string;
}

let database: Awaited<ReturnType<typeof createDatabase>>;
let environment: NodeJS.ProcessEnv;
let orders: ServiceProcess;
let payments: ServiceProcess;
let folder: string;
let productId: string;

beforeAll(async () => {
  folder = temporaryFolder('documents');
  database = await createDatabase('documents');
  const { address, namespace } = await createNamespace('documents');
  const cli = await findTemporalCli(() => undefined);
  environment = {
    PATH: `${dirname(cli)}:${process.env['PATH']}`,
    HOME: process.env['HOME'],
    DATABASE_URL: database.url,
    AMQP_URL: virtualHostUrl('documents'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  orders = await ServiceProcess.start('order-management', {
    ...environment,
    SWEEP_INTERVAL: '300ms',
    SWEEP_AFTER: '1s',
  });
  payments = await ServiceProcess.start('payment-processing', {
    ...environment,
    DATABASE_URL: `${database.url}?schema=payments`,
  });
  const product = { name: 'Mug', price: 45, description: '', quantityAvailable: 1_000, productType: 'Kitchen' };
  ({ productId } = await orders.request<{ productId: string }>('POST', '/product', product));
  await stockDemonstrationProduct(database.url); // which `make run` does for a reader
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await database.drop();
  rmSync(folder, { recursive: true });
  rmSync(RECORDED, { force: true });
});

const place = (orderedQuantity = 1): Promise<Order> =>
  orders.request('POST', '/order', { customerId: CUSTOMER, products: [{ productId, orderedQuantity }] });
const waitForStatus = ({ orderId }: Order, orderStatus: string): Promise<void> =>
  eventually(async () => {
    expect(await orders.request('GET', `/order/${orderId}`)).toMatchObject({ orderStatus });
  });

/** Runs a command in a shell after replacing its placeholders. */
async function run(
  command: string,
  { orderId = '', cwd = folder } = {},
): Promise<{ output: string; exitCode: number }> {
  const filled = command
    .replaceAll('localhost:8001', new URL(orders.url).host)
    .replaceAll('localhost:8002', new URL(payments.url).host)
    .replaceAll('<orderId>', orderId)
    .replaceAll('<customerId>', CUSTOMER)
    .replaceAll('<paymentId>', randomUUID())
    .replaceAll('<why>', 'documented')
    .replaceAll('<time>', new Date(Date.now() + 60_000).toISOString())
    .replaceAll('<time of the deployment>', new Date(Date.now() + 60_000).toISOString());
  expect(filled).not.toMatch(/<[a-z]/);
  // Without `--norc`, a bash whose standard input is a socket may read a start-up file, which `-u` can make fail.
  const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', filled], {
    cwd,
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [exitCode] = (await once(child, 'close')) as [number];
  return { output, exitCode };
}

const succeeds = async (command: string, prints: RegExp, options: { orderId?: string; cwd?: string } = {}) =>
  eventually(async () => {
    // Visibility is eventually consistent: a list shows a workflow shortly after its event.
    expect(await run(command, options)).toMatchObject({ output: expect.stringMatching(prints), exitCode: 0 });
  });

/** Runs a command about an order that is shipped. */
const ofShipped = (prints: RegExp, orderedQuantity?: number) => async (command: string) => {
  const order = await place(orderedQuantity);
  await waitForStatus(order, 'shipped');
  await succeeds(command, prints, order);
};

/** Acts on an order that waits for its payment, then waits until it is settled. */
const whileItWaits = async (act: (order: Order) => Promise<void>, ends: 'shipped' | 'cancelled') => {
  payments.send('SIGSTOP');
  const order = await place();
  try {
    await act(order);
  } finally {
    payments.send('SIGCONT');
  }
  await waitForStatus(order, ends);
};

/** Runs a command about an order that waits for its payment, and expects its final status. */
const ofWaiting = (prints: RegExp, ends: 'shipped' | 'cancelled') => (command: string) =>
  whileItWaits(async (order) => {
    await succeeds(`temporal workflow query --workflow-id order-<orderId> --type status`, /payment/, order);
    expect(await run(command, order)).toMatchObject({ output: expect.stringMatching(prints), exitCode: 0 });
  }, ends);

/** Expects that a list of running sagas contains a running order. */
const listsRunning = (command: string) =>
  whileItWaits(({ orderId }) => succeeds(command, new RegExp(`Running +order-${orderId}`)), 'shipped');

/** Starts a refund that waits for payment-processing, and expects that the command terminates it. */
const terminatesRefunds = async (command: string) => {
  const refund = { orderId: randomUUID() };
  const running = "WorkflowType = 'refundPayment' AND ExecutionStatus = 'Running'";
  await succeeds(`temporal workflow count --query "${running}"`, /Total: 0/); // the tests before may have started some
  payments.send('SIGSTOP');
  try {
    const input = `--input '{"orderId":"<orderId>"}' --task-queue payment-processing --workflow-id refund-<orderId>`;
    await succeeds(`temporal workflow start --type refundPayment ${input}`, /Running execution/i, refund);
    const query = /--query "([^"]*)"/.exec(command)?.[1];
    await succeeds(`temporal workflow count --query "${query}"`, /Total: 1/);
    const others = `${query} AND WorkflowId NOT IN ('refund-<orderId>')`; // as the document says
    await succeeds(`temporal workflow count --query "${others}"`, /Total: 0/, refund);
    await succeeds(command, /batch/i);
    await succeeds('temporal workflow show --workflow-id refund-<orderId>', /WorkflowExecutionTerminated/, refund);
  } finally {
    payments.send('SIGCONT');
  }
};

/** Runs a command that lists a declined order. */
const listsDeclined = async (command: string) => {
  const order = await place(23); // $1,035, more than the payment service accepts
  await waitForStatus(order, 'cancelled');
  await succeeds(command, new RegExp(`order-${order.orderId}`));
};

/** Runs a command that serves until Ctrl-C, and interrupts it when the services are ready. */
const serves = (prints: RegExp) => async (command: string, document: string) => {
  const [orderPort, paymentPort] = [await freePort(), await freePort()];
  const port = document.startsWith('payment') ? paymentPort : orderPort;
  const env = {
    ...process.env,
    ...environment,
    ...(folderOf(document) === '.' ? {} : { PORT: String(port) }),
    ORDER_PORT: String(orderPort),
    PAYMENT_PORT: String(paymentPort),
    MANAGEMENT_PORT: '0',
    DATA_FOLDER: join(folder, 'data'),
  };
  // In a separate process group: like Ctrl-C at a terminal, SIGINT goes to the whole group.
  const child = spawn('bash', ['--norc', '-c', command], { cwd: join(ROOT, folderOf(document)), env, detached: true });
  const ended = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  try {
    await eventually(() => expect(output).toMatch(prints), 60_000);
    await eventually(async () => expect((await fetch(`http://localhost:${port}/readyz`)).status).toBe(200));
  } finally {
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGINT');
    await ended;
  }
};

/** Places the same order several times: a declined order releases its stock, so the product never runs out. */
const isDeclinedRepeatedly = async (command: string) => {
  for (let times = 0; times < 3; times++) {
    const { output } = await run(command);
    expect(output).toMatch(/"orderStatus":"placed"/);
    const [, orderId = ''] = /"orderId":"([^"]+)"/.exec(output) ?? [];
    await waitForStatus({ orderId, orderStatus: 'placed' }, 'cancelled');
    expect(await orders.request('GET', `/order/${orderId}`)).toMatchObject({ paymentStatus: 'failed' });
  }
};

const inRepository = (prints: RegExp, orderedQuantity?: number) => async (command: string) => {
  const order = await place(orderedQuantity);
  await waitForStatus(order, 'shipped');
  environment['ORDER_PORT'] = String(await freePort());
  environment['PAYMENT_PORT'] = String(await freePort());
  environment['DATA_FOLDER'] = join(folder, 'data');
  await succeeds(command, prints, { ...order, cwd: ROOT });
};

/** Runs a worker of another build, makes the build current, and returns to the unversioned workers. */
const makesCurrent = async (command: string) => {
  const versioned = { ...environment, WORKER_VERSIONING: 'on', BUILD_ID: 'documented' };
  const next = await ServiceProcess.start('order-management', versioned);
  try {
    await succeeds(command.replace('<buildId>', 'documented'), /success/i);
    const products = [{ productId: THERMOS, orderedQuantity: 1 }];
    const order = await next.request<Order>('POST', '/order', { customerId: CUSTOMER, products });
    await waitForStatus(order, 'shipped');
    await succeeds('temporal workflow describe --workflow-id order-<orderId>', /BuildId +documented/, order);
  } finally {
    await run('temporal worker deployment set-current-version --deployment-name order-management --unversioned --yes');
    await next.end('SIGTERM');
  }
};

const fails = async (command: string, prints: RegExp, exitCode = 1) =>
  expect(await run(command, { cwd: ROOT })).toMatchObject({ output: expect.stringMatching(prints), exitCode });

/** Expects that CI runs the command, perhaps with further arguments. */
const byCi = async (command: string) => {
  const lines = readFileSync(join(ROOT, '.ci', 'run'), 'utf8').split('\n');
  expect(lines.map((line) => line.slice(0, command.length + 1).trim())).toContain(command);
};

/** Not run, because it needs a container engine; `make check` checks the Compose file. */
const isNotRun = async () => undefined;

/** Expects only that make has the target: running it would take minutes, or delete files that this test uses. */
const isKnownToMake = async (command: string, document: string) =>
  succeeds(command.replace(/^make/, 'make --dry-run'), /\w/, { cwd: join(ROOT, folderOf(document)) });

const isKnownToNpm = async (command: string) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  expect(scripts).toHaveProperty([command.replace('npm run ', '')]);
};

const replaysFile = async (command: string) => {
  const order = await place();
  await waitForStatus(order, 'shipped');
  await succeeds('temporal workflow show --workflow-id order-<orderId> --output json > history.json', /^$/, order);
  await succeeds(command.replace('history.json', join(folder, 'history.json')), /1 replayed, 0 with a mismatch/, {
    cwd: ROOT,
  });
};

const isSettledWhenAnswered = async (command: string) => {
  expect(await run(command, await place())).toMatchObject({
    output: expect.stringMatching(/"orderStatus":"shipped"[^]*"totalAmount":45/),
    exitCode: 0,
  });
};

/** Follows an order until the time of the command is over, which curl reports with the exit code 28. */
const followsOrder = async (command: string) => {
  expect(await run(command, await place())).toMatchObject({
    output: expect.stringMatching(/event: accepted[^]*event: payment-requested[^]*event: paid[^]*event: shipped/),
    exitCode: 28,
  });
};

const followsAllOrders = async (command: string) => {
  const following = run(command.replace('-N', '-N --max-time 8'));
  await delay(2_000);
  const { orderId } = await place();
  expect(await following).toMatchObject({
    output: expect.stringMatching(new RegExp(`event: shipped\\ndata: {"orderId":"${orderId}"`)),
  });
};

let guarded: ServiceProcess | undefined;

/** Creates an API key with the documented command. */
async function createKey(options: string): Promise<string> {
  const { output } = await run(`make --silent api-keys ARGS="create --name documented ${options}"`, { cwd: ROOT });
  return /^shop_\S+$/m.exec(output)![0];
}

/** Runs a command with the keys of an operator and of a customer, against a service that needs them. */
const withKeys = (prints: RegExp) => async (command: string) => {
  const order = await place();
  guarded ??= await ServiceProcess.start('order-management', { ...environment, AUTH: 'api-keys' });
  environment['SHOP_KEY'] ??= await createKey('--role operator');
  environment['CUSTOMER_KEY'] ??= await createKey(`--role customer --customer ${CUSTOMER}`);
  await succeeds(command.replaceAll('localhost:8001', new URL(guarded.url).host), prints, order);
};

const createsKey = async (command: string) => {
  await succeeds(command, /^shop_[0-9a-f]{8}_[\w-]{43}$/m, { cwd: ROOT });
};

const revokesKey = async (command: string) => {
  const [, prefix = ''] = (await createKey('--role operator')).split('_');
  await succeeds(command.replace('<prefix>', prefix), new RegExp(`${prefix} is revoked`), { cwd: ROOT });
};

/** Runs a command that searches for cancelled orders. */
const findsDeclined = async (command: string) => {
  const order = await place(23);
  await waitForStatus(order, 'cancelled');
  await succeeds(command, new RegExp(order.orderId));
};

/** Runs a command that lists the unsettled orders. */
const listsWaiting = (command: string) =>
  whileItWaits(({ orderId }) => succeeds(command, new RegExp(`"orderId":"${orderId}"`)), 'shipped');

/** Executes the statement of a command in the way in which psql would, which may not be installed. */
const queries = async (command: string) => {
  const [, statement = ''] = /^psql "\$DATABASE_URL" -c "(.*)"$/.exec(command) ?? [];
  await withDatabase(database.url, (sql) => sql.query(statement));
};

/** Runs a simulation without an end for two seconds, at the services of this test, and with fewer orders. */
const simulates = (command: string) =>
  succeeds(`${command} RATE=2 FOR=2s URL=${orders.url}`, /^Simulated for [^]*^ {2}shipped +\d+ /m, { cwd: ROOT });

/** Changes the CLI's own configuration file, in the folder of this test. */
const configuresCli = async (command: string) => {
  const own = `XDG_CONFIG_HOME=${folder} HOME=${folder} ${command.replace('<key>', 'secret')}`;
  expect(await run(own, { cwd: ROOT })).toMatchObject({ exitCode: 0 });
};

const rules: [RegExp, (command: string, document: string) => Promise<void>][] = [
  [/^curl -H .*SHOP_KEY/, withKeys(/\[\{"orderId"/)],
  [/^curl -H .*CUSTOMER_KEY/, withKeys(new RegExp(`\\[\\{"orderId":"[^"]+","customerId":"${CUSTOMER}"`))],
  [/^curl -i -X DELETE .*CUSTOMER_KEY/, withKeys(/403 Forbidden[^]*"code":"forbidden"/)],
  [/^make api-keys ARGS="create/, createsKey],
  [/^make api-keys ARGS="list"$/, (command) => succeeds(command, /\d keys?$/m, { cwd: ROOT })],
  [/^make api-keys ARGS="revoke/, revokesKey],
  [/^make (api-keys|codec-server|sbom)$/, isKnownToMake],
  [/^make temporal ARGS="config set/, configuresCli],
  [/^TEMPORAL_PROFILE=cloud make replay$/, (command) => isKnownToMake(command.replace(/^\S+ /, ''), 'docs/')],
  [
    /^\(umask 077; echo "2026-11:\$\(openssl rand -base64 32\)" > payload-keys\)$/,
    (command) => succeeds(command, /^$/),
  ],
  [/^temporal workflow show .*--codec-endpoint/, isNotRun], // encryption.server.test.ts runs it with a codec server
  [/^npm run api:keys -- list$/, (command) => succeeds(command, /\d keys?$/m, { cwd: ROOT })],
  [/^curl -i \S+\/order -H/, ofShipped(/^HTTP\/1.1 201 [^]*"orderStatus":"placed"[^]*"paymentStatus":"pending"/m)],
  [/^curl \S+\/order -H/, isDeclinedRepeatedly],
  [
    /^curl localhost:800\d\/readyz$/,
    (command) => succeeds(command, /"database":"up","broker":"consuming","temporal":"working"/),
  ],
  [/^curl localhost:800\d\/livez$/, (command) => succeeds(command, /\w/)],
  [/^curl -s localhost:8001\/metrics \| grep /, (command) => succeeds(command, /^\w+({.*})? \d/m)],
  [/^curl -X POST \S+\/refund /, ofShipped(/refunded/)],
  [/^curl "localhost:8002\S+\/payments\?order_id=/, ofShipped(/"status":"success"/)],
  [/^curl localhost:8001\S+\/refunds$/, (command) => succeeds(command, /\[/)],
  [/^curl '\S+\/order\?order_status=placed/, listsWaiting],
  [/^curl -G \S+\/order --data-urlencode "filter=cancellation_code/, findsDeclined],
  [/^psql "\$DATABASE_URL" -c "/, queries],
  [/^curl -G \S+\/order --data-urlencode "filter=/, ofShipped(/\[\{"orderId"[^]*"orderStatus":"shipped"/)],
  [/^curl -i '\S+\/order\?\S+limit=2'$/, ofShipped(/^X-Total-Count: \d+[^]*^Link: <\?order_status=[^]*"shipped"/m)],
  [/^curl -g '\S+\/order\?\S+price\[gte\]/, ofShipped(/\[\{"orderId"[^]*"price":45/)],
  [/^curl '\S+\/customers\?last_name=Doe/, ofShipped(/\[\{"customerId"[^]*"lastName":"Doe"/)],
  [/^curl '\S+\/catalog\?find=flask/, (command) => succeeds(command, /\[\{"productId"[^]*"name":"Thermos Flask"/)],
  [/^curl \S+\/order\/<orderId>$/, ofShipped(/"orderStatus":"shipped"[^]*"paymentStatus":"success"/)],
  [/^curl "\S+\/order\/<orderId>\?wait=30s"$/, isSettledWhenAnswered],
  [/^curl -N --max-time 5 \S+\/order\/<orderId>\/events$/, followsOrder],
  [/^curl -N \S+\/order\/events$/, followsAllOrders],
  [/^curl -X POST \S+\/cancel$/, ofWaiting(/is being cancelled/, 'cancelled')],
  [/^temporal workflow list .*CustomerId/, ofShipped(/Completed/, 12)],
  [/^temporal workflow list .*'payment-declined'/, listsDeclined],
  [/^temporal workflow list .*'refundPayment'/, ofShipped(/^(?!.*[Ee]rror)/)], // the list is empty
  [/^temporal workflow list .*'Running'/, listsRunning],
  [/^temporal workflow count/, ofShipped(/Total: 0/)],
  [/^temporal workflow show .*json > history.json$/, ofShipped(/^$/)],
  [/^temporal workflow show .*--detailed/, ofShipped(/requestPayment[^]*shipOrder/)],
  [/^temporal workflow show/, ofShipped(/WorkflowExecutionStarted[^]*WorkflowExecutionCompleted/)],
  [/^temporal workflow query/, ofShipped(/shipped/)],
  [/^temporal workflow signal/, ofWaiting(/Signal workflow succeeded/, 'shipped')],
  [/^temporal workflow cancel/, ofWaiting(/^/, 'cancelled')],
  [/^temporal workflow start .*refundPayment/, ofShipped(/Running execution/)],
  [/^temporal workflow reset/, ofWaiting(/Resetting workflow/, 'shipped')],
  [/^temporal worker deployment set-current-version/, makesCurrent],
  [/^temporal workflow terminate --yes .*'refundPayment'/, terminatesRefunds],
  [/^temporal workflow terminate/, ofWaiting(/terminate/i, 'shipped')],
  [/^make temporal .*workflow list/, inRepository(/Completed/, 2)],
  [/^make order ID=/, inRepository(/^Outcome +shipped$[^]*Order shipped/m)],
  [/^make demo$/, inRepository(/Both orders ended as expected/)],
  [/^make replay FILES=/, replaysFile],
  [/^make replay LAST=/, inRepository(/replays {3}order-[^]* 0 with a mismatch/)],
  [/^make replay$/, inRepository(/replays {3}order-[^]* 0 with a mismatch/)],
  [/^make record SAGA=/, inRepository(/what-happens.json was recorded/)],
  [/^make run$/, serves(/Serving; Ctrl-C stops it|"msg":"/)],
  [/^npm run parked$/, (command) => fails(command, /retry <id>\|all/, 2)],
  [/^npm run parked -- list$/, inRepository(/0 parked/)],
  [/^npm run parked -- retry all$/, (command) => fails(command, /No message is parked/)],
  [/^npm run parked -- discard all --actor ann$/, (command) => fails(command, /No message is parked/)],
  [
    /^make (test|conformance|check)$/,
    (command, document) => (folderOf(document) === '.' ? byCi(command) : isKnownToMake(command, document)),
  ],
  [/^make help$/, inRepository(/^test-faults /m)],
  [/^make (stop|start)( SERVICE=.*)?$/, isKnownToMake],
  [
    /^make (order|temporal|parked|record|openapi|dashboards|interop|build|clean|test-unit|watch|test TEST=.*)$/,
    isKnownToMake,
  ],
  [/^make interop ORIGINAL=/, isKnownToMake],
  [/^make test-tracing/, isKnownToMake], // `make test` reads the same traces from a receiver of its own
  [/^make test-faults/, async () => byCi('make test-faults ORDERS=200')],
  [/^make bench/, isKnownToMake],
  [/^make fuzz/, isKnownToMake], // a test of its own
  [/^make simulate RATE=/, simulates],
  [/^make simulate( URL=.*)?$/, isKnownToMake],
  [/^make (seed-orders|query-table)/, isKnownToMake], // documented-queries.server.test.ts seeds orders and explains the searches
  [/^npm run (generate|build)$/, isKnownToNpm], // every build runs it
  [/^make test-console$/, isKnownToMake], // a test of its own
  [/^make test-alerts$/, isKnownToMake],
  [/^make (test-)?cluster/, isKnownToMake], // `make test-cluster` runs the same steps
  [/^docker (compose|volume)/, isNotRun],
];

/** The folder to run a document's commands in: a service's own folder, or the root. */
const folderOf = (document: string): string => (document.startsWith('docs/') ? '.' : dirname(document));
const distinct = new Map(printed.map((one) => [`${folderOf(one.document)} ${one.command}`, one]));

test.each([...distinct.values()])('$command ($document)', async ({ command, document }: PrintedCommand) => {
  const rule = rules.find(([pattern]) => pattern.test(command));
  if (!rule) throw new Error(`${document} prints a command that no rule of this test runs: ${command}`);
  await rule[1](command, document);
});

test('each rule runs a command that a document prints', () => {
  expect(rules.filter(([pattern]) => !printed.some(({ command }) => pattern.test(command)))).toEqual([]);
});
