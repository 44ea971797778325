import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDatabase } from '../test/servers';
import { UNREACHABLE } from '../test/unreachable';
import { connectOrders, type OrdersClient } from './clients';
import { databaseFaultOf } from './errors';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => void (database = await createDatabase('errors')));
afterAll(() => database.drop());

test('a database that refuses the credentials counts as unavailable, because the query is not wrong', async () => {
  const url = new URL(database.url);
  url.username = 'unknown_user';
  const client = connectOrders(url.toString(), { poolSize: 1 });

  const failure: unknown = await client.$queryRaw`SELECT 1`.catch((error: unknown) => error);

  expect(String(failure)).toContain('unknown_user');
  expect(databaseFaultOf(failure)).toBe('unavailable');
  await client.$disconnect();
});

test.each<[string, (client: OrdersClient) => Promise<unknown>]>([
  ['a statement', (client) => client.$queryRaw`SELECT 1`],
  ['a query of Prisma', (client) => client.order.findFirst()],
  ['a transaction', (client) => client.$transaction((tx) => tx.$queryRaw`SELECT 1`)],
])('a network that cannot be reached counts as unavailable in %s', async (_, run) => {
  const client = connectOrders(`postgresql://postgres:postgres@${UNREACHABLE}:5432/shop`, { poolSize: 1 });

  const failure: unknown = await run(client).catch((error: unknown) => error);

  expect(String(failure)).toContain('ENETUNREACH');
  expect(databaseFaultOf(failure)).toBe('unavailable');
  await client.$disconnect();
});
