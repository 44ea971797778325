import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectPayments, type PaymentsClient } from '@shop/prisma/clients';
import { createDatabase, createShopDatabase } from '../../../test/servers';
import { findApiKey } from './api-key-store';
import { ApiKeys } from './api-keys';

// Runs the compiled command on the database of payment-processing.

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: PaymentsClient;

beforeAll(async () => {
  shop = await createShopDatabase('api_keys');
  database = connectPayments(shop.paymentsUrl, { poolSize: 1 });
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

async function apiKeys(args: string[], url = shop.paymentsUrl) {
  const program = join(__dirname, '..', 'dist', 'access', 'manage-api-keys.js');
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, DATABASE_URL: url } });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const exitCode = child.exitCode ?? ((await once(child, 'close')) as [number])[0];
  return { output, errors, exitCode };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

test('creates a key that works, lists it without its secret, and revokes it', async () => {
  const customer = '2f8f3f0e-94a8-4be5-a9be-3d2d1cdd4a0d';
  const created = await apiKeys([
    'create',
    '--name',
    'web shop',
    '--role',
    'customer',
    '--customer',
    customer,
    '--expires',
    '90d',
  ]);
  expect(created).toMatchObject({ exitCode: 0, errors: expect.stringContaining('not shown again') });
  const key = created.output.trim();
  const [, prefix = '', secret = ''] = /^shop_([0-9a-f]{8})_([\w-]{43})$/.exec(key) ?? [];
  const identify = () => new ApiKeys((one) => findApiKey(database, one)).identify(key);
  await expect(identify()).resolves.toEqual({ actor: `api-key:${prefix}`, role: 'customer', customerId: customer });

  const stored = JSON.stringify(await database.apiKey.findMany());
  expect(stored).toContain(prefix);
  expect(stored).not.toContain(secret);
  const { output } = await apiKeys(['list']);
  expect(output).toMatch(
    new RegExp(`^${prefix}  active    customer ${customer}  web shop\\n.*expires 20[^]*1 key$`, 'm'),
  );
  expect(output).not.toContain(secret);

  expect(await apiKeys(['revoke', prefix])).toMatchObject({ output: `${prefix} is revoked.\n`, exitCode: 0 });
  await expect(identify()).rejects.toThrow('was revoked');
  expect((await apiKeys(['list'])).output).toContain(`${prefix}  revoked `);
  expect(await apiKeys(['revoke', '00000000'])).toMatchObject({
    errors: expect.stringContaining('No key'),
    exitCode: 1,
  });
});

test.each([
  [[], /^make api-keys/],
  [['create', '--role', 'operator'], /--name is missing/],
  [['create', '--name', 'x', '--role', 'root'], /--role must be one of customer, catalog, operator/],
  [['create', '--name', 'x', '--role', 'customer'], /needs --customer/],
  [['create', '--name', 'x', '--role', 'operator', '--expires', '0d'], /--expires must be a number of days/],
  [['list', '--all'], /--all/],
])('explains how to use it: %j', async (args, message) => {
  const before = await database.apiKey.count();
  expect(await apiKeys(args)).toMatchObject({ errors: expect.stringMatching(message), exitCode: 2 });
  expect(await database.apiKey.count()).toBe(before);
});

test('explains that the service has not created the table yet', async () => {
  const empty = await createDatabase('api_keys_empty');
  try {
    const failed = await apiKeys(['list'], empty.url);
    expect(failed).toMatchObject({ errors: expect.stringContaining('Start the service once'), exitCode: 1 });
  } finally {
    await empty.drop();
  }
});
