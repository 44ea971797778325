import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { paymentSettled } from '@shop/workflows/contract';
import { anAnswer, anOrder, HISTORIES, SagaWorkers } from '../../test/saga-workers';
import { temporaryFolder } from '../../test/temporary-folder';

// Runs the built programs of `make replay` and `make record`.
let sagas: SagaWorkers;
let folder: string;
beforeAll(async () => {
  folder = temporaryFolder('replay');
  sagas = await SagaWorkers.start('replay');
});
afterAll(async () => {
  await sagas.stop();
  rmSync(folder, { recursive: true });
});

async function run(program: 'replay' | 'record', args: string[], env: NodeJS.ProcessEnv = {}) {
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env };
  const ended = promisify(execFile)(process.execPath, [join(__dirname, 'dist', `${program}.js`), ...args], {
    env: environment,
  });
  return ended.then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  );
}

const SHIPPED = join(HISTORIES, 'over-rabbitmq-ships-an-order-whose-payment-succeeds.json');

test('replays histories from files', async () => {
  const files = readdirSync(HISTORIES).map((file) => join(HISTORIES, file));

  const { code, output } = await run('replay', files);

  expect(output).toContain(`${files.length} replayed, 0 with a mismatch`);
  expect(code).toBe(0);
});

test('prints the saga, the event and the line of a mismatch', async () => {
  // The same history, but of a saga that requests payments over the other channel.
  const history = readFileSync(SHIPPED, 'utf8').replaceAll(/"data": "([^"]+)"/g, (whole, data: string) => {
    const text = Buffer.from(data, 'base64').toString();
    if (!text.includes('"channel":"events"')) return whole;
    return `"data": "${Buffer.from(text.replace('"events"', '"activity"')).toString('base64')}"`;
  });
  writeFileSync(join(folder, 'other.json'), history);

  const { code, output } = await run('replay', [SHIPPED, join(folder, 'other.json')]);

  expect(output).toMatch(/replays {3}over-rabbitmq-ships/);
  expect(output).toMatch(/MISMATCH {2}other\.json\n +event \d+: .*Nondeterminism/);
  expect(output).toMatch(/last command of the code: activity processPayment, workflows\/request-payment\.ts:\d+/);
  expect(code).toBe(1);
});

test('prints which file is not a history', async () => {
  writeFileSync(join(folder, 'shopping-list.json'), 'milk');

  await expect(run('replay', [join(folder, 'shopping-list.json')])).resolves.toEqual({
    code: 1,
    output: expect.stringMatching(/shopping-list\.json is not a history/),
  });
});

test.each(['replay', 'record'] as const)('%s connects to the server with the configured settings', async (program) => {
  const bin = join(folder, program);
  mkdirSync(bin);
  const profile = join(bin, 'temporal.toml');
  writeFileSync(profile, '[profile.shop]\naddress = "temporal.example:7233"\napi_key = "secret"\n');
  writeFileSync(join(bin, 'temporal'), `#!/bin/sh\nenv > "${bin}/variables"\nexit 1\n`, { mode: 0o755 });
  const environment = { PATH: `${bin}:${process.env['PATH']}`, SAGA: 'order-1', NAME: 'none' };
  const variablesOf = async (settings: NodeJS.ProcessEnv): Promise<string[]> => {
    await run(program, [], { ...environment, ...settings });
    return readFileSync(join(bin, 'variables'), 'utf8').split('\n');
  };

  expect(await variablesOf({})).toEqual(
    expect.arrayContaining(['TEMPORAL_ADDRESS=localhost:7233', 'TEMPORAL_TLS=false']),
  );
  expect(await variablesOf({ TEMPORAL_TLS: 'on' })).toContain('TEMPORAL_TLS=true');
  expect(
    await variablesOf({ TEMPORAL_CONFIG_FILE: profile, TEMPORAL_PROFILE: 'shop', TEMPORAL_GRPC_META_SHOP_NAME: 'one' }),
  ).toEqual(
    expect.arrayContaining([
      'TEMPORAL_ADDRESS=temporal.example:7233',
      'TEMPORAL_API_KEY=secret',
      'TEMPORAL_TLS=true',
      'TEMPORAL_GRPC_META_SHOP_NAME=one',
    ]),
  );
});

test('replays the latest sagas of a server, running and closed, and records one of them', async () => {
  const environment = { TEMPORAL_ADDRESS: sagas.address, TEMPORAL_NAMESPACE: sagas.namespace };
  const [closed, running] = [anOrder(), anOrder()];
  sagas.shop.onRequest(closed, async (saga) => saga.signal(paymentSettled, anAnswer()));
  await sagas.run(closed);
  await sagas.start(running);
  await sagas.shop.waitForCall(running, 'requestPayment');
  await sagas.waitUntilListed(2);

  const { code, output } = await run('replay', [], { ...environment, LAST: '5' });

  for (const { orderId } of [closed, running]) expect(output).toContain(`replays   order-${orderId}`);
  expect(output).toContain('2 replayed, 0 with a mismatch');
  expect(code).toBe(0);

  const name = `recorded-by-a-test-${process.pid}`;
  const file = join(HISTORIES, `${name}.json`);
  const recording = await run('record', [], { ...environment, SAGA: `order-${closed.orderId}`, NAME: name });
  try {
    expect(recording).toEqual({ code: 0, output: expect.stringContaining('was recorded') });
    expect((await run('replay', [file])).code).toBe(0);
    expect((await run('record', [], { ...environment, SAGA: `order-${closed.orderId}`, NAME: name })).code).toBe(1);
  } finally {
    rmSync(file, { force: true });
  }
});
