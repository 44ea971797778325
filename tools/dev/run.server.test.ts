import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { temporaryFolder } from '../../test/temporary-folder';
import { eventually } from '../../test/eventually';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from '../../test/servers';
import { DEMONSTRATION_PRODUCT } from './demonstration';
import { freePort, isTaken } from './ports';
import { withDatabase } from './with-database';

// The very program of `make run` and `make demo`, as built, beside the servers that the tests have.
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
  for (const run of running) run.interrupt(); // one whose test has failed
  await Promise.all(Array.from(running, ({ ended }) => ended));
  rmSync(folder, { recursive: true });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [join(__dirname, 'dist', 'run.js'), ...args], { env: environment });
  const run = {
    output: '',
    ended: once(child, 'exit') as Promise<[number | null]>,
    interrupt: () => child.kill('SIGINT'),
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (run.output += String(text)));
  running.add(run);
  child.once('exit', () => running.delete(run));
  return run;
}

async function runDemo(): Promise<{ output: string; exitCode: number | null }> {
  const run = start('--demo');
  const [exitCode] = await run.ended;
  return { output: run.output, exitCode };
}

test('ships one order and declines the other, over RabbitMQ, and ends with 0', async () => {
  const { output, exitCode } = await runDemo();

  expect(output).toMatch(/processPayment published to RabbitMQ[^]*order shipped[^]*it is shipped, its payment success/);
  expect(output).toMatch(
    /declined, total amount over \$1000[^]*stock given back[^]*it is cancelled, its payment failed/,
  );
  expect(exitCode).toBe(0);
});

test('keeps a product of a fixed id in stock, of which two pieces are declined as often as they are ordered', async () => {
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

test('does without a broker where there is to be none', async () => {
  environment['AMQP_URL'] = 'none';

  const { output, exitCode } = await runDemo();

  expect(output).toMatch(/RabbitMQ: none[^]*activity on the payment service[^]*it is shipped[^]*it is cancelled/);
  expect(exitCode).toBe(0);
});

test('starts PostgreSQL where none is to be found, and stops it', async () => {
  delete environment['DATABASE_URL'];
  const port = await freePort();
  environment['POSTGRES_PORT'] = String(port);

  const { output, exitCode } = await runDemo();

  expect(output).toContain(`PostgreSQL: our own, on port ${port}`);
  expect(exitCode).toBe(0);
  expect(await isTaken(port)).toBe(false);
});

test('starts all of them beside what has their ports and is none of them, whatever an interrupted start has left', async () => {
  for (const name of ['DATABASE_URL', 'AMQP_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']) delete environment[name];
  const squatters = await Promise.all(
    ['POSTGRES_PORT', 'AMQP_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'].map(async (name) => {
      const squatter = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(squatter, 'listening');
      environment[name] = String((squatter.address() as AddressInfo).port);
      return squatter;
    }),
  );
  mkdirSync(join(folder, 'postgresql', 'unfinished'), { recursive: true });
  writeFileSync(join(folder, 'postgresql', 'unfinished', 'PG_VERSION'), 'half');
  for (const name of ['temporal.db', 'temporal.db.unfinished']) writeFileSync(join(folder, name), 'half');

  const { output, exitCode } = await runDemo();
  for (const squatter of squatters) squatter.close();

  for (const [server, port] of [
    ['PostgreSQL', 'POSTGRES_PORT'],
    ['RabbitMQ', 'AMQP_PORT'],
    ['Temporal', 'TEMPORAL_PORT'],
    ['Temporal', 'TEMPORAL_UI_PORT'],
  ] as const) {
    expect(output).toContain(`${server}: what listens on port ${environment[port]} cannot be used`);
    expect(output).toMatch(new RegExp(`${server}: our own, on port`));
  }
  expect(output).toContain('processPayment published to RabbitMQ');
  expect(exitCode).toBe(0);
});

test('serves until Ctrl-C, beside no second one, then stops what it started and nothing else', async () => {
  const run = start();
  await eventually(() => expect(run.output).toContain('Serving; Ctrl-C stops it.'), 90_000);
  await expect(runDemo()).resolves.toMatchObject({
    output: expect.stringMatching(/^The system runs already, as process \d+: use that one, or end it with Ctrl-C/),
    exitCode: 1,
  });
  expect((await fetch(`http://localhost:${environment['ORDER_PORT']}/orderManagement/health`)).status).toBe(200);

  run.interrupt();

  await expect(run.ended).resolves.toEqual([0, null]);
  expect(await isTaken(Number(environment['ORDER_PORT']))).toBe(false);
  expect(await isTaken(Number(environment['PAYMENT_PORT']))).toBe(false);
  expect(await isTaken(Number(testServers().temporalAddress.split(':')[1]))).toBe(true);
});

/** Plays `docker`: its PostgreSQL is the tests' own, behind a port that opens when it is brought up. */
function pretendEngine({ fails = false } = {}): void {
  const { hostname, port } = new URL(testServers().postgresUrl);
  const forward = `const net = require('net'); net.createServer((from) => {
    const to = net.connect(${port}, '${hostname}');
    from.pipe(to).pipe(from); from.on('error', () => to.destroy()); to.on('error', () => from.destroy());
  }).listen(${environment['POSTGRES_PORT']}, '127.0.0.1', () => require('fs').writeFileSync('listening', ''))`;
  writeFileSync(join(folder, 'forward.js'), forward);
  const up = fails
    ? 'echo no space left on device >&2; exit 1'
    : `"${process.execPath}" forward.js > forward.log 2>&1 & echo $! > pid; until [ -e listening ]; do sleep 0.1; done`;
  const script = `#!/bin/sh\ncd "${folder}"\necho "$@" >> asked\ncase "$*" in *' up '*) ${up};; esac\n`;
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'docker'), script, { mode: 0o755 });
  environment['PATH'] = `${join(folder, 'bin')}:${environment['PATH']}`;
  environment['CONTAINER_ENGINE'] = 'docker';
}

test('has a container engine start what is not on its port, and leaves it running', async () => {
  delete environment['DATABASE_URL'];
  environment['POSTGRES_PORT'] = String(await freePort());
  pretendEngine();

  const { output, exitCode } = await runDemo();
  const stillThere = await isTaken(Number(environment['POSTGRES_PORT']));
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')));

  expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
    /^info\ncompose version\ncompose --file \S+\/docker-compose.yml up --detach --wait postgres\n$/,
  );
  expect(output).toContain(`PostgreSQL: the one on port ${environment['POSTGRES_PORT']}`);
  expect(exitCode).toBe(0);
  expect(stillThere).toBe(true);
});

test('says why a container engine could not, and starts its own', async () => {
  delete environment['DATABASE_URL'];
  environment['POSTGRES_PORT'] = String(await freePort());
  pretendEngine({ fails: true });

  const { output, exitCode } = await runDemo();

  expect(output).toMatch(/not possible here: .*no space left on device[^]*PostgreSQL: our own/);
  expect(exitCode).toBe(0);
});

test('says which port is taken, and which setting moves it', async () => {
  const squatter = createServer().listen(Number(environment['ORDER_PORT']), '127.0.0.1');
  const { output, exitCode } = await runDemo();
  squatter.close();

  expect(output).toContain(`Port ${environment['ORDER_PORT']}, where order-management is to listen, is taken`);
  expect(output).toContain('set ORDER_PORT');
  expect(exitCode).toBe(1);
});

test.each([
  ['DATABASE_URL', 'postgresql://postgres:postgres@localhost:1/shop', 'PostgreSQL at localhost:1 cannot be used'],
  ['AMQP_URL', 'amqp://guest:guest@localhost:1', 'RabbitMQ at localhost:1 cannot be used'],
  ['TEMPORAL_ADDRESS', 'localhost:1', 'Temporal at localhost:1 does not answer'],
])('says that what %s names does not answer, and what to do', async (variable, value, complaint) => {
  environment[variable] = value;
  const { output, exitCode } = await runDemo();

  expect(output).toContain(`${variable}: ${complaint}`);
  expect(output).toContain(`or unset ${variable}`);
  expect(exitCode).toBe(1);
});

test('tells all problems of its settings before it starts anything', async () => {
  Object.assign(environment, { ORDER_PORT: 'eighty', PAYMENT_TIMEOUT: '5' });
  const { output, exitCode } = await runDemo();

  expect(output).toContain('ORDER_PORT "eighty"');
  expect(output).toContain('PAYMENT_TIMEOUT "5" has no unit');
  expect(exitCode).toBe(1);
  expect(existsSync(join(folder, 'logs'))).toBe(false);
});
