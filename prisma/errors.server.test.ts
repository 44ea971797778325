import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDatabase } from '../test/servers';
import { connectOrders } from './clients';
import { isDatabaseUnavailable } from './errors';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => void (database = await createDatabase('errors')));
afterAll(() => database.drop());

test('a database that refuses our credentials is away: nothing is wrong with what was asked of it', async () => {
  const url = new URL(database.url);
  url.username = 'nobody_we_know';
  const client = connectOrders(url.toString(), { poolSize: 1 });

  const failure: unknown = await client.$queryRaw`SELECT 1`.catch((error: unknown) => error);

  expect(String(failure)).toContain('nobody_we_know');
  expect(isDatabaseUnavailable(failure)).toBe(true);
  await client.$disconnect();
});
