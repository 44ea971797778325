import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { temporaryFolder } from '../../test/temporary-folder';
import { eventually } from '../../test/eventually';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from '../../test/servers';
import { DEMONSTRATION_PRODUCT } from './demonstration';
import { freePort, isTaken } from './ports';
import { withDatabase } from './with-database';

// Runs the built program of `make run` and `make demo` with the servers of the tests.
let folder: string;
let database: Awaited<ReturnType<typeof createDatabase>>;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  database = await createDatabase('run');
});
afterAll(() => database.drop());

beforeEach(async () => {
  folder = temporaryFolder('run');
  const { address, namespace } = await createNamespace('run');
  environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    DATA_FOLDER: folder,
    CONTAINER_ENGINE: 'none',
    DATABASE_URL: database.url,
    AMQP_URL: virtualHostUrl('run'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_UI_PORT: String(await freePort()),
    ORDER_PORT: String(await freePort()),
    PAYMENT_PORT: String(await freePort()),
  };
});
const running = new Set<ReturnType<typeof start>>();
afterEach(async () => {
  for (const run of running) run.interrupt(); // of tests that have failed
  await Promise.all(Array.from(running, ({ ended }) => ended));
  rmSync(folder, { recursive: true });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [join(__dirname, 'dist', 'run.js'), ...args], { env: environment });
  const run = {
    output: '',
    pid: child.pid,
    ended: once(child, 'exit') as Promise<[number | null]>,
    interrupt: () => child.kill('SIGINT'),
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (run.output += String(chunk)));
  running.add(run);
  child.once('exit', () => running.delete(run));
  return run;
}

async function runDemo(): Promise<{ output: string; exitCode: number | null }> {
  const run = start('--demo');
  const [exitCode] = await run.ended;
  return { output: run.output, exitCode };
}

test('ships one order and declines the other over RabbitMQ, and exits with 0', async () => {
  const { output, exitCode } = await runDemo();

  expect(output).toMatch(
    /Outcome {3}shipped[^]*Payment requested: \$600\.00 over RabbitMQ[^]*Order shipped[^]*1 taken/,
  );
  expect(output).toMatch(/Why {7}payment-declined: total amount over \$1000[^]*Payment answered: declined[^]*0 taken/);
  expect(exitCode).toBe(0);
});

test('restocks the demonstration product, so that the declined order can always be repeated', async () => {
  const run = start();
  await eventually(() => expect(run.output).toContain('Serving; Ctrl-C stops it.'), 90_000);
  const orders = `http://localhost:${environment['ORDER_PORT']}/orderManagement/order`;
  const body = {
    customerId: PREDEFINED_CUSTOMER.customerId,
    products: [{ productId: DEMONSTRATION_PRODUCT.productId, orderedQuantity: 2 }],
  };
  expect(run.output).toContain(DEMONSTRATION_PRODUCT.productId);

  for (let time = 0; time < 3; time++) {
    const answer = await fetch(orders, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(201);
    const { orderId } = (await answer.json()) as { orderId: string };
    await eventually(async () => {
      expect(await (await fetch(`${orders}/${orderId}`)).json()).toMatchObject({
        orderStatus: 'cancelled',
        paymentStatus: 'failed',
      });
    });
  }
  run.interrupt();
  await run.ended;
  await withDatabase(database.url, (sql) => sql.query('UPDATE products SET quantity_available = 0'));
  await expect(runDemo()).resolves.toMatchObject({ exitCode: 0 });
  const { rows } = await withDatabase(database.url, (sql) =>
    sql.query('SELECT quantity_available FROM products WHERE product_id = $1', [DEMONSTRATION_PRODUCT.productId]),
  );
  expect(rows).toEqual([{ quantity_available: 999 }]);
});

test('runs without a broker if AMQP_URL is none', async () => {
  environment['AMQP_URL'] = 'none';

  const { output, exitCode } = await runDemo();

  expect(output).toMatch(
    /RabbitMQ: not used \(AMQP_URL=none\)[^]*by an activity on the task queue payment-processing[^]*Order shipped[^]*Order cancelled/,
  );
  expect(exitCode).toBe(0);
});

test('starts PostgreSQL if none is running, and stops it', async () => {
  delete environment['DATABASE_URL'];
  const port = await freePort();
  environment['POSTGRES_PORT'] = String(port);

  const { output, exitCode } = await runDemo();

  expect(output).toContain(`PostgreSQL: started on port ${port}`);
  expect(exitCode).toBe(0);
  expect(await isTaken(port)).toBe(false);
});

test('starts all servers on other ports if unusable processes have theirs, after an interrupted start', async () => {
  for (const name of ['DATABASE_URL', 'AMQP_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']) delete environment[name];
  const occupants = await Promise.all(
    ['POSTGRES_PORT', 'AMQP_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'].map(async (name) => {
      const occupant = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(occupant, 'listening');
      environment[name] = String((occupant.address() as AddressInfo).port);
      return occupant;
    }),
  );
  mkdirSync(join(folder, 'postgresql', 'unfinished'), { recursive: true });
  writeFileSync(join(folder, 'postgresql', 'unfinished', 'PG_VERSION'), 'half');
  for (const name of ['temporal.db', 'temporal.db.unfinished']) writeFileSync(join(folder, name), 'half');
  writeFileSync(join(folder, '.gitignore'), '*\n', { mode: 0o600 });

  const { output, exitCode } = await runDemo();
  for (const occupant of occupants) occupant.close();

  for (const [server, port] of [
    ['PostgreSQL', 'POSTGRES_PORT'],
    ['RabbitMQ', 'AMQP_PORT'],
    ['Temporal', 'TEMPORAL_PORT'],
    ['Temporal', 'TEMPORAL_UI_PORT'],
  ] as const) {
    expect(output).toContain(`${server}: port ${environment[port]} is taken by a process that is not usable`);
    expect(output).toMatch(new RegExp(`${server}: started on port`));
  }
  expect(output).toContain('Payment requested: $600.00 over RabbitMQ');
  expect(exitCode).toBe(0);
  expect(readableByOthersIn(folder)).toEqual([]);
});

/** Lists the files in a folder, and the folders, that other users can read or write. */
const readableByOthersIn = (parent: string): string[] =>
  readdirSync(parent, { recursive: true, encoding: 'utf8' }).filter(
    (path) => (lstatSync(join(parent, path)).mode & 0o066) !== 0,
  );

test('serves until Ctrl-C, refuses a second run, then stops what it started and nothing else', async () => {
  const run = start();
  await eventually(() => expect(run.output).toContain('Serving; Ctrl-C stops it.'), 90_000);
  await expect(runDemo()).resolves.toMatchObject({
    output: expect.stringMatching(/^The system is already running, as process \d+: use it, or stop it with Ctrl-C/),
    exitCode: 1,
  });
  expect((await fetch(`http://localhost:${environment['ORDER_PORT']}/orderManagement/health`)).status).toBe(200);

  run.interrupt();

  await expect(run.ended).resolves.toEqual([0, null]);
  expect(await isTaken(Number(environment['ORDER_PORT']))).toBe(false);
  expect(await isTaken(Number(environment['PAYMENT_PORT']))).toBe(false);
  expect(await isTaken(Number(testServers().temporalAddress.split(':')[1]))).toBe(true);
});

/** Returns the id of the process that a parent has started for a service. */
function pidOf(service: string, parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number);
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(service));
  if (found === undefined) throw new Error(`Process ${parent} has started no ${service}.`);
  return found;
}

/** Runs `make stop`, `make start` or `make order`. */
async function command(
  program: string,
  args: string[],
  env = environment,
): Promise<{ output: string; exitCode: number | null }> {
  const child = spawn(process.execPath, [join(__dirname, 'dist', program), ...args], { env });
  const [output, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { output: output + errors, exitCode };
}

test('restarts a service that is killed, and stops and starts one on request', async () => {
  const run = start();
  await eventually(() => expect(run.output).toContain('Serving; Ctrl-C stops it.'), 90_000);
  const health = `http://localhost:${environment['PAYMENT_PORT']}/paymentProcessing/health`;
  const isServing = (): Promise<boolean> =>
    fetch(health).then(
      ({ ok }) => ok,
      () => false,
    );

  process.kill(pidOf('payment-processing', run.pid!), 'SIGKILL');

  await eventually(() => expect(run.output).toContain('payment-processing is running again.'));
  expect(run.output).toContain('payment-processing ended unexpectedly (SIGKILL). It restarts in 1 s.');
  expect(await isServing()).toBe(true);

  await expect(command('process-control.js', ['stop', 'payment-processing'])).resolves.toEqual({
    output: 'payment-processing is stopped. Start it again with: make start SERVICE=payment-processing\n',
    exitCode: 0,
  });
  expect(await isServing()).toBe(false);

  await expect(command('process-control.js', ['start', 'payment-processing'])).resolves.toMatchObject({ exitCode: 0 });
  expect(await isServing()).toBe(true);

  await expect(command('process-control.js', ['stop', 'unknown'])).resolves.toMatchObject({
    output: expect.stringMatching(/Set SERVICE to one of[^]*order-management \(running\)/),
    exitCode: 1,
  });
  run.interrupt();
  await run.ended;
  await expect(command('process-control.js', ['start', 'payment-processing'])).resolves.toMatchObject({
    output: expect.stringContaining('make run is not running'),
    exitCode: 1,
  });
});

/** Replaces `docker` by a script: its PostgreSQL is that of the tests, behind a port that opens with `up`. */
function replaceEngine({ fails = false } = {}): void {
  const { hostname, port } = new URL(testServers().postgresUrl);
  const forward = `const net = require('net'); net.createServer((from) => {
    const to = net.connect(${port}, '${hostname}');
    from.pipe(to).pipe(from); from.on('error', () => to.destroy()); to.on('error', () => from.destroy());
  }).listen(${environment['POSTGRES_PORT']}, '127.0.0.1', () => require('fs').writeFileSync('listening', ''))`;
  writeFileSync(join(folder, 'forward.js'), forward);
  const up = fails
    ? 'echo no space left on device >&2; exit 1'
    : `"${process.execPath}" forward.js > forward.log 2>&1 & echo $! > pid; until [ -e listening ]; do sleep 0.1; done`;
  const script = `#!/bin/sh\ncd "${folder}"\necho "$@" >> calls\ncase "$*" in *' up '*) ${up};; esac\n`;
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'docker'), script, { mode: 0o755 });
  environment['PATH'] = `${join(folder, 'bin')}:${environment['PATH']}`;
  environment['CONTAINER_ENGINE'] = 'docker';
}

test('starts missing servers with the container engine, and leaves them running', async () => {
  delete environment['DATABASE_URL'];
  environment['POSTGRES_PORT'] = String(await freePort());
  replaceEngine();

  const { output, exitCode } = await runDemo();
  const stillRunning = await isTaken(Number(environment['POSTGRES_PORT']));
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')));

  expect(readFileSync(join(folder, 'calls'), 'utf8')).toMatch(
    /^info\ncompose version\ncompose --file \S+\/docker-compose.yml up --detach --wait postgres\n$/,
  );
  expect(output).toContain(`PostgreSQL: using the server on port ${environment['POSTGRES_PORT']}`);
  expect(exitCode).toBe(0);
  expect(stillRunning).toBe(true);
});

test('prints why the container engine failed, and starts a server without it', async () => {
  delete environment['DATABASE_URL'];
  environment['POSTGRES_PORT'] = String(await freePort());
  replaceEngine({ fails: true });

  const { output, exitCode } = await runDemo();

  expect(output).toMatch(/not possible here: .*no space left on device[^]*PostgreSQL: started/);
  expect(exitCode).toBe(0);
});

test('make order uses the servers of make run although no setting names them', async () => {
  const run = start();
  await eventually(() => expect(run.output).toContain('Serving; Ctrl-C stops it.'), 90_000);
  const orderId = /Order {5}([-\da-f]{36})/.exec(run.output)?.[1] ?? '';
  const { DATABASE_URL: _database, TEMPORAL_ADDRESS: _temporal, ...unset } = environment;

  const { output, exitCode } = await command('order.js', [orderId], {
    ...unset,
    POSTGRES_PORT: '1',
    TEMPORAL_PORT: '1',
  });

  expect(output).toMatch(/Outcome {3}shipped\n[^]*Saga started/);
  expect(exitCode).toBe(0);
});

test('prints which port is taken, and which setting changes it', async () => {
  const occupant = createServer().listen(Number(environment['ORDER_PORT']), '127.0.0.1');
  const { output, exitCode } = await runDemo();
  occupant.close();

  expect(output).toContain(`Port ${environment['ORDER_PORT']} of order-management is taken`);
  expect(output).toContain('set ORDER_PORT');
  expect(exitCode).toBe(1);
});

test.each([
  ['DATABASE_URL', 'postgresql://postgres:postgres@localhost:1/shop', 'PostgreSQL at localhost:1 is unavailable'],
  ['AMQP_URL', 'amqp://guest:guest@localhost:1', 'RabbitMQ at localhost:1 is unavailable'],
  ['TEMPORAL_ADDRESS', 'localhost:1', 'Temporal at localhost:1 is unavailable'],
])('prints that the server of %s is unavailable, and what to do', async (variable, value, problem) => {
  environment[variable] = value;
  const { output, exitCode } = await runDemo();

  expect(output).toContain(`${variable}: ${problem}`);
  expect(output).toContain(`or unset ${variable}`);
  expect(exitCode).toBe(1);
});

test('prints every invalid setting before it starts anything', async () => {
  Object.assign(environment, { ORDER_PORT: 'eighty', PAYMENT_TIMEOUT: '5' });
  const { output, exitCode } = await runDemo();

  expect(output).toContain('ORDER_PORT="eighty"');
  expect(output).toContain('PAYMENT_TIMEOUT="5" has no unit');
  expect(exitCode).toBe(1);
  expect(existsSync(join(folder, 'logs'))).toBe(false);
});

test('make demo refuses to run with authentication, because it has no credential', async () => {
  environment['AUTH'] = 'api-keys';

  const { output, exitCode } = await runDemo();

  expect(output).toContain('make demo places orders without a credential. Unset AUTH, or set it to none.');
  expect(exitCode).toBe(1);
});
