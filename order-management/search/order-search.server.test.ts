import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { sql } from '@shop/prisma/sql';
import * as fc from 'fast-check';
import { createShopDatabase } from '../../test/servers';
import { encodeCursor } from './cursor';
import type { Comparison, Expression } from './expression';
import { orderSearch } from './order-search';
import { printFilter } from './print-filter';
import { readPage, type Selectivity } from './read-page';
import { parseSearch, type SearchRequest } from './search';
import { isTimeout, SEARCH_TIMEOUT_MS } from './search-settings';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;

beforeAll(async () => {
  shop = await createShopDatabase('order-search');
  database = connectOrders(shop.ordersUrl, { poolSize: 4 });
  await insertShop();
});
afterAll(async () => {
  await database.$disconnect();
  await shop.drop();
});

interface Order {
  order_id: string;
  customer_id: string | null;
  order_status: string;
  payment_status: string;
  /** As a filter has it; `infinity` is stored by no one but PostgreSQL. */
  order_date: string | null;
  cancellation_code: string | null;
  lines: { product_id: string; name: string; price: number; product_type: string }[];
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The test expects a value.');
  return value;
}

const pick = <T>(values: readonly T[], index: number): T => required(values[index % values.length]);
/** A sequence of numbers that is the same in every run. */
const random = (seed: number) => () => (seed = (seed * 48_271) % 2_147_483_647);

const MANY_MUGS = Array.from({ length: 10 }, () => 'Mug'); // so many that their ids do not replace a comparison of the name
const NAMES = ['Mug', 'Mug', 'mug', 'Plate', 'Zebra', '\u{ffff}', '😀', '', ...MANY_MUGS];
const DATES = [
  null,
  'infinity',
  '2026-11-01T00:00:00.000000Z',
  '2026-11-01T00:00:00.000001Z',
  '2026-12-24T18:00:00.000000Z',
];
const PRICES = [0, 9.99, 10, 10, 50];
const STATUSES = ['placed', 'shipped', 'cancelled'];
const customers = [randomUUID(), randomUUID()];
const products = NAMES.map((name, index) => ({
  product_id: randomUUID(),
  name,
  product_type: pick(['Kitchen', 'Home'], index),
}));

const next = random(7);
/** Orders with many equal values; some have no date, no customer or no lines. */
const orders: Order[] = Array.from({ length: 60 }, () => {
  const first = next();
  return {
    order_id: randomUUID(),
    customer_id: pick([...customers, null], next()),
    order_status: pick(STATUSES, next()),
    payment_status: pick(['pending', 'success'], next()),
    order_date: pick(DATES, next()),
    cancellation_code: pick(['declined', null], next()),
    lines: Array.from({ length: next() % 4 }, (_, index) => ({
      ...pick(products, first + index),
      price: pick(PRICES, next()),
    })),
  };
});

async function insertShop(): Promise<void> {
  await database.$executeRaw`
    INSERT INTO customers SELECT unnest(${customers}::uuid[]), 'Ann', 'Bo', 'ann@bo.com'`;
  for (const { product_id, name, product_type } of products) {
    await database.$executeRaw`
      INSERT INTO products (product_id, name, price, quantity_available, product_type)
      VALUES (${product_id}::uuid, ${name}, 1, 1, ${product_type})`;
  }
  for (const order of orders) {
    await database.$executeRaw`
      INSERT INTO orders (order_id, customer_id, order_status, payment_status, order_date, cancellation_code)
      VALUES (${order.order_id}::uuid, ${order.customer_id}::uuid, ${order.order_status}, ${order.payment_status},
        ${order.order_date}::timestamp, ${order.cancellation_code})`;
    for (const { product_id, price } of order.lines) {
      await database.$executeRaw`
        INSERT INTO order_products (order_id, product_id, quantity, unit_price)
        VALUES (${order.order_id}::uuid, ${product_id}::uuid, 1, ${String(price)}::numeric)`;
    }
  }
  const deleted = randomUUID();
  await database.$executeRaw`
    INSERT INTO orders (order_id, order_status, payment_status, deleted_at)
    VALUES (${deleted}::uuid, 'shipped', 'success', now())`;
}

// The model: what a search means, without SQL.

type Value = string | number;

const valuesOf = (order: Order, field: string): Value[] => {
  const lines = order.lines.map((line) => (line as Record<string, Value>)[field]);
  const own = (order as unknown as Record<string, Value | null>)[field];
  return [...lines, own].filter((value): value is Value => value !== undefined && value !== null);
};

/** Compares texts by code points, which differs from JavaScript's comparison by UTF-16 units. */
const compare = (a: Value, b: Value): number =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));

function satisfies(value: Value, { operator, values }: Comparison): boolean {
  const operands = values.map((operand) => (typeof value === 'number' ? Number(operand) : operand));
  const [to = NaN, second = ''] = operands.map((operand) => compare(value, operand));
  const has = operands.some((operand) => compare(value, operand) === 0);
  const results: Record<string, boolean> = {
    '=': to === 0,
    '!=': to !== 0,
    '<': to < 0,
    '<=': to <= 0,
    '>': to > 0,
    '>=': to >= 0,
    IN: has,
    'NOT IN': !has,
    BETWEEN: to >= 0 && Number(second) <= 0,
    'NOT BETWEEN': !(to >= 0 && Number(second) <= 0),
    STARTS_WITH: String(value).startsWith(String(operands[0])),
    'NOT STARTS_WITH': !String(value).startsWith(String(operands[0])),
    CONTAINS: String(value).toLowerCase().includes(String(operands[0]).toLowerCase()),
    'NOT CONTAINS': !String(value).toLowerCase().includes(String(operands[0]).toLowerCase()),
    'IS NOT NULL': true,
  };
  return required(results[operator]);
}

function holds(order: Order, expression: Expression): boolean {
  if (expression.kind === 'not') return !holds(order, expression.term);
  if (expression.kind !== 'comparison') {
    const results = expression.terms.map((term) => holds(order, term));
    return expression.kind === 'and' ? results.every(Boolean) : results.some(Boolean);
  }
  const values = valuesOf(order, expression.field);
  if (expression.operator === 'IS NULL') return values.length === 0;
  return values.some((value) => satisfies(value, expression));
}

/** The ids of the orders that match, sorted. */
function modelOf(expression: Expression | null, sort: string): string[] {
  const keys = sort.split(',').map((key) => ({ name: key.replace('-', ''), descending: key.startsWith('-') }));
  keys.push({ name: 'order_id', descending: keys.at(-1)!.descending });
  const sortValue = (order: Order, { name, descending }: (typeof keys)[number]): Value | undefined =>
    valuesOf(order, name === 'product_name' ? 'name' : name)
      .toSorted(compare)
      .at(descending ? -1 : 0);
  const sorted = orders
    .filter((order) => expression === null || holds(order, expression))
    .toSorted((left, right) => {
      for (const key of keys) {
        const [a, b] = [sortValue(left, key), sortValue(right, key)];
        if (a === undefined && b === undefined) continue;
        if (a === undefined || b === undefined) return a === undefined ? 1 : -1; // missing values are last
        const order = compare(a, b);
        if (order !== 0) return key.descending ? -order : order;
      }
      return 0;
    });
  return sorted.map(({ order_id }) => order_id);
}

const operands: Record<string, readonly string[]> = {
  order_id: orders.slice(0, 3).map(({ order_id }) => order_id),
  customer_id: [...customers, randomUUID()],
  order_date: DATES.filter((date) => date !== null && date !== 'infinity') as string[],
  order_status: [...STATUSES, 'ship', ''],
  payment_status: ['pending', 'success'],
  cancellation_code: ['declined', 'x'],
  product_id: products.map(({ product_id }) => product_id),
  name: [...NAMES, 'M', 'm', 'UG', 'u_', '%', '\u{10ffff}', '\u{d7ff}'],
  price: ['0', '9.99', '9.990000001', '1e1', '50', '-1'],
  product_type: ['Kitchen', 'Kit', 'O'],
};

const comparison = fc.constantFrom(...Object.keys(orderSearch.fields)).chain((field) =>
  fc.constantFrom(...required(orderSearch.fields[field]).type.operators).chain((operator) => {
    const count = operator.endsWith('NULL') ? 0 : operator.endsWith('BETWEEN') ? 2 : operator.endsWith('IN') ? 2 : 1;
    return fc
      .array(fc.constantFrom(...required(operands[field])), { minLength: count, maxLength: count })
      .map((values): Comparison => ({ kind: 'comparison', field, operator, values }));
  }),
);
const { expression: anyExpression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: comparison },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('not' as const), term: tie('expression') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        terms: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }),
      }),
    },
  ),
}));
const anySort = fc
  .uniqueArray(fc.constantFrom('customer_id', 'order_date', 'price', 'product_name'), { minLength: 1, maxLength: 3 })
  .chain((names) =>
    fc
      .array(fc.boolean(), { minLength: names.length, maxLength: names.length })
      .map((signs) => names.map((name, index) => (signs[index] ? `-${name}` : name)).join()),
  );

const read = (request: Partial<SearchRequest>, selectivity?: Selectivity) =>
  readPage(
    database,
    orderSearch,
    parseSearch({ conditions: [], limit: 50, offset: 0, ...request }, orderSearch),
    selectivity,
  );

describe('a search of orders', () => {
  test.each([
    ['in the sequence of an index', { maxRows: 0, maxEstimate: 0 }],
    ['by sorting the matches', { maxRows: 100, maxEstimate: Infinity }],
  ])('finds what the model finds, page by page, in both directions, %s', async (_how, selectivity) => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(anyExpression),
        anySort,
        fc.integer({ min: 1, max: 40 }),
        async (expression, sort, limit) => {
          const expected = modelOf(expression, sort);
          const conditions = expression ? [expression] : [];
          const request = { conditions, sort, limit };
          const { fingerprint } = parseSearch({ ...request, offset: 0 }, orderSearch);
          const pages: string[][] = [];
          let page = await read(request, selectivity);
          expect(page.total).toEqual({ count: expected.length, isEstimated: false });
          expect(page.hasPrevious).toBe(false);
          for (;;) {
            pages.push(page.rows.map(({ id }) => id));
            expect(page.hasNext).toBe(pages.flat().length < expected.length);
            if (!page.hasNext) break;
            const cursor = encodeCursor(
              { position: required(page.rows.at(-1)).position, backward: false },
              fingerprint,
            );
            page = await read({ ...request, cursor }, selectivity);
          }
          expect(pages.flat()).toEqual(expected);

          for (const before of pages.slice(0, -1).toReversed()) {
            const cursor = encodeCursor({ position: required(page.rows[0]).position, backward: true }, fingerprint);
            page = await read({ ...request, cursor }, selectivity);
            expect(page.rows.map(({ id }) => id)).toEqual(before);
            expect(page.hasPrevious).toBe(before !== pages[0]);
          }

          const offset = Math.floor(expected.length / 2) + (limit % 7);
          const skipped = await read({ ...request, offset }, selectivity);
          expect(skipped.rows.map(({ id }) => id)).toEqual(expected.slice(offset, offset + limit));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('sorts the matches if an index takes too long although the planner expects many', async () => {
    const walk = sql`SELECT pg_sleep(${SEARCH_TIMEOUT_MS / 1_000 + 1}::float)::text AS id`;
    const slow = database.$extends({
      query: {
        $queryRaw: ({ args, query }) =>
          query(args.text.includes('json_build_array') && !args.text.includes('ANY') ? walk : args),
      },
    }) as unknown as OrdersClient;
    const filter = "name >= 'A'";
    const search = parseSearch({ conditions: [], filter, limit: 5, offset: 0 }, orderSearch);
    const found = await readPage(slow, orderSearch, search, { maxRows: 100, maxEstimate: 0 });

    const expected = await read({ filter, limit: 100 });
    expect(found.total).toEqual({ count: expected.rows.length, isEstimated: false });
    expect(found.rows).toEqual(expected.rows.slice(0, 5));
    const tooMany = readPage(slow, orderSearch, search, { maxRows: 3, maxEstimate: 0 });
    expect(isTimeout(await tooMany.catch((error: unknown) => error))).toBe(true);
  });

  test('a printed filter finds the same orders', async () => {
    await fc.assert(
      fc.asyncProperty(anyExpression, async (expression) => {
        const filter = printFilter(expression, orderSearch.fields);
        fc.pre(filter.length <= 2_000);
        const { rows } = await read({ filter, limit: 100 });
        expect(rows.map(({ id }) => id)).toEqual(modelOf(expression, 'order_date'));
      }),
      { numRuns: 50 },
    );
  });
});
