import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { createShopDatabase } from '../../test/servers';
import { COUNT_LIMITS, countMatches, estimateMatches } from './count-matches';
import { customerSearch } from './customer-search';
import type { Expression } from './expression';
import { readPage } from './read-page';
import { parseSearch } from './search';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
const { maxRows, maxEstimate } = COUNT_LIMITS;

beforeAll(async () => {
  shop = await createShopDatabase('count');
  database = connectOrders(shop.ordersUrl, { poolSize: 1 });
  await database.$executeRaw`
    INSERT INTO customers
    SELECT gen_random_uuid(), 'Ann', CASE WHEN number > ${maxRows}::int THEN 'Roe' ELSE 'Doe' END, 'ann@bo.com'
    FROM generate_series(1, ${maxRows + 5}::int) number`;
  await database.$executeRaw`ANALYZE customers`;
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

const named = (lastName: string): { searchable: typeof customerSearch; expression: Expression } => ({
  searchable: customerSearch,
  expression: { kind: 'comparison', field: 'last_name', operator: '=', values: [lastName] },
});

test('counts exactly up to the maximum', async () => {
  await expect(countMatches(database, named('Doe'), 1)).resolves.toEqual({ count: maxRows, isEstimated: false });
  await expect(countMatches(database, named('Roe'), maxEstimate)).resolves.toEqual({ count: 5, isEstimated: false });
});

test('uses the estimate beyond the maximum, but at least what was counted', async () => {
  const all = { searchable: customerSearch, expression: null };
  await expect(countMatches(database, all, 1)).resolves.toEqual({ count: maxRows + 1, isEstimated: true });
  await expect(countMatches(database, all, 20_000)).resolves.toEqual({ count: 20_000, isEstimated: true });
});

test('does not count if the planner expects too many matches', async () => {
  await expect(countMatches(database, named('Roe'), maxEstimate + 1)).resolves.toEqual({
    count: maxEstimate + 1,
    isEstimated: true,
  });
});

test('uses the estimate if counting takes too long', async () => {
  const other = connectOrders(shop.ordersUrl, { poolSize: 1 });
  const count = await other.$transaction(async (transaction) => {
    await transaction.$executeRaw`LOCK TABLE customers IN ACCESS EXCLUSIVE MODE`;
    return countMatches(database, named('Doe'), 123);
  });
  await other.$disconnect();
  expect(count).toEqual({ count: 123, isEstimated: true });
});

test('needs no estimate if one page has all matches', async () => {
  const search = parseSearch({ conditions: [], limit: 20_000, offset: 0 }, customerSearch);
  const { total } = await readPage(database, customerSearch, search);
  expect(total).toEqual({ count: maxRows + 5, isEstimated: false });
});

test('the planner estimates the number of matches', async () => {
  const estimate = await estimateMatches(database, named('Doe'));
  expect(estimate).toBeGreaterThan(maxRows * 0.8);
  expect(estimate).toBeLessThan(maxRows * 1.2);
});
