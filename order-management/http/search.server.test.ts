import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { serveHttp } from '@shop/runtime/http-server';
import { callService } from '../../test/call';
import { following } from '../../test/following';
import { createShopDatabase } from '../../test/servers';
import { aCustomer, aProduct } from '../../test/shop';
import { silentLog } from '../../test/silent-log';
import { Backlog } from '../orders/backlog';
import { ReadClient } from '../reads/read-client';
import { createOrderApp } from './app';

let shop: Awaited<ReturnType<typeof createShopDatabase>>;
let database: OrdersClient;
let server: Awaited<ReturnType<typeof serveHttp>>;
/** The ids of seven orders, the oldest first; the last one is cancelled. */
let orderIds: string[];
let customerId: string;

beforeAll(async () => {
  shop = await createShopDatabase('search');
  database = connectOrders(shop.ordersUrl, { poolSize: 10 });
  ({ customerId } = await aCustomer(database));
  const { productId } = await aProduct(database);
  orderIds = Array.from({ length: 7 }, () => randomUUID());
  for (const [index, orderId] of orderIds.entries()) {
    await database.order.create({
      data: {
        orderId,
        customerId,
        orderStatus: index === 6 ? 'cancelled' : 'shipped',
        paymentStatus: 'success',
        orderDate: new Date(Date.UTC(2026, 10, index + 1)),
        lines: { create: { productId, quantity: 1, unitPrice: `${index}.50` } },
      },
    });
  }
  server = await serveHttp(
    createOrderApp({
      log: silentLog,
      readiness: async () => ({ ready: true, checks: {} }),
      database,
      reads: new ReadClient(database),
      starter: { start: () => undefined },
      sagas: { signalCancel: async () => false, refundAgain: async () => undefined },
      backlog: new Backlog(database, 2_000, { hasPaidWithin: () => true }),
      examineAfterMs: 60_000,
      ...following(database),
    }),
    0,
  );
});
afterAll(async () => {
  await server.stop();
  await database.$disconnect();
  await shop.drop();
});

const call = (method: string, path: string, body?: unknown) =>
  callService({ url: `http://localhost:${server.port}` }, method, `/orderManagement${path}`, body);
const get = (path: string) => call('GET', path);

const encode = (parameters: Record<string, string>) => `?${new URLSearchParams(parameters).toString()}`;

/** Reads a page: the places of its orders, the total, and the links. */
async function page(path: string) {
  const { status, headers, body } = await get(path);
  expect({ status, body }).toMatchObject({ status: 200 });
  const links = [...(headers.get('link') ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)];
  return {
    places: (body as { orderId: string }[]).map(({ orderId }) => orderIds.indexOf(orderId)),
    total: headers.get('x-total-count'),
    isEstimated: headers.get('x-total-count-estimated'),
    links: Object.fromEntries(links.map(([, target = '', relation = '']) => [relation, target])),
  };
}

describe('a page of orders', () => {
  test('is reached by following the links, in both directions', async () => {
    const first = await page('/order?order_status=shipped&sort=-order_date&limit=4');
    expect(first).toMatchObject({ places: [5, 4, 3, 2], total: '6', isEstimated: null });
    expect(Object.keys(first.links)).toEqual(['next', 'first']);
    expect(first.links['next']).toMatch(/^\?order_status=shipped&sort=-order_date&limit=4&cursor=[\w-]+$/);

    const second = await page(`/order${first.links['next']}`);
    expect(second).toMatchObject({ places: [1, 0], total: '6' });
    expect(Object.keys(second.links)).toEqual(['prev', 'first']);
    expect(second.links['first']).toBe('?order_status=shipped&sort=-order_date&limit=4');

    expect(await page(`/order${second.links['prev']}`)).toMatchObject({ places: [5, 4, 3, 2] });
  });

  test('has links with offsets if the request has an offset', async () => {
    const { places, links } = await page('/order?offset=2&limit=2');
    expect(places).toEqual([2, 3]);
    expect(links).toEqual({ next: '?limit=2&offset=4', prev: '?limit=2&offset=0', first: '?limit=2&offset=0' });
  });

  test('has a link to the first page that is not the request for all orders', async () => {
    const cursor = await cursorOf('limit=1');
    expect((await page(`/order?cursor=${cursor}`)).links['first']).toBe('?limit=50');
  });

  test('is complete although an order before it is deleted', async () => {
    const orderId = randomUUID();
    await database.order.create({
      data: { orderId, orderStatus: 'shipped', paymentStatus: 'success', orderDate: new Date(0) },
    });
    const { links } = await page('/order?order_status=shipped&limit=2');
    await database.order.delete({ where: { orderId } });
    expect(await page(`/order${links['next']}`)).toMatchObject({ places: [1, 2] });
  });

  test('keeps values that need an encoding in its links', async () => {
    const filter = `name = 'Mug' AND NOT name IN ('a&b', '<"ü>', 'c+d')`;
    const { links } = await page(`/order${encode({ filter, limit: '1' })}`);
    expect(new URLSearchParams(links['next']).get('filter')).toBe(filter);
    expect(await page(`/order${links['next']}`)).toMatchObject({ places: [1] });
  });

  test('is not what a request without parameters receives', async () => {
    const { places, total, links } = await page('/order');
    expect({ places, total, links }).toEqual({ places: [0, 1, 2, 3, 4, 5, 6], total: null, links: {} });
  });
});

describe('a query parameter', () => {
  test.each([
    ['order_status=cancelled', [6]],
    ['order_status=cancelled&order_status=shipped', [0, 1, 2, 3, 4, 5, 6]],
    ['order_status[ne]=shipped', [6]],
    ['order_status[ne]=shipped&order_status[ne]=cancelled', []],
    ['price[gte]=1.50&price[lt]=3.5', [1, 2]],
    ['price[gt]=1.50&price[lte]=3.50', [2, 3]],
    ['price[lt]=1&price[lt]=2', [0, 1]],
    ['price=0.5&price=6.5&order_status=shipped', [0]],
    ['order_date[gte]=2026-11-06', [5, 6]],
    ['order_date=2026-11-02T01:00:00%2B01:00', [1]],
    ['name=Mug&product_type=Kitchen&limit=1', [0]],
    ['filter=price > 4&order_status=shipped', [4, 5]],
    ['sort=-price&limit=2', [6, 5]],
  ])('%s finds the orders %j', async (query, places) => {
    expect((await page(`/order?${query}`)).places).toEqual(places);
  });

  test.each([
    ['price=x', 'invalid-query-parameter', 'price: must be a number, such as 9.99'],
    ['order_date[gte]=2026-13-01', 'invalid-query-parameter', 'order_date[gte]: must be a date'],
    ['customer_id=1&customer_id=2', 'invalid-query-parameter', 'customer_id: must be a UUID'],
    ['name=%00', 'invalid-query-parameter', 'name: must be a text without NUL characters'],
    ['limit=0', 'invalid-query-parameter', 'limit: '],
    ['limit=1001', 'invalid-query-parameter', 'limit: '],
    ['limit=x', 'invalid-query-parameter', 'limit: must be a number from 1 to 1000'],
    ['limit=0x10', 'invalid-query-parameter', 'limit: must be a number from 1 to 1000'],
    ['limit=1e2', 'invalid-query-parameter', 'limit: must be a number from 1 to 1000'],
    ['limit=1&limit=2', 'invalid-query-parameter', 'limit: must be a number from 1 to 1000'],
    ['offset=', 'invalid-query-parameter', 'offset: must be a number from 0 to 10000'],
    [Array(101).fill('name=Mug').join('&'), 'invalid-query-parameter', 'name: may be repeated up to 100 times'],
    ['offset=10001', 'invalid-query-parameter', 'use the cursor of the Link header'],
    ['filter=a&filter=b', 'invalid-query-parameter', 'filter: must not be repeated'],
    ['order_status[gt]=a', 'unknown-query-parameter', 'order_status[gt]'],
    ['filter=', 'malformed-filter', 'position 1: expected "(", NOT or a field'],
    ['filter=order_status %3D shipped', 'malformed-filter', 'position 16: expected a text in quotes or a number'],
    ['sort=', 'malformed-sort', 'There is no sort key ""'],
    ['sort=order_status', 'malformed-sort', 'The keys are order_id, customer_id, order_date, price, product_name'],
    ['sort=price,-price', 'malformed-sort', 'price is repeated'],
    ['cursor=x', 'malformed-cursor', 'This is not a cursor'],
    ['cursor=x&offset=1', 'malformed-cursor', 'Send only one of them'],
  ])('%s is refused as %s', async (query, code, detail) => {
    expect(await get(`/order?${query}`)).toMatchObject({
      status: 400,
      body: { code, detail: expect.stringContaining(detail) },
    });
  });
});

/** The cursor of the second page. */
const cursorOf = async (query: string): Promise<string> =>
  new URLSearchParams((await page(`/order?${query}`)).links['next']).get('cursor') ?? '';

describe('a cursor', () => {
  test('is refused with another filter or sort', async () => {
    const cursor = await cursorOf('order_status=shipped&limit=1');
    expect((await get(`/order?order_status=shipped&limit=2&cursor=${cursor}`)).status).toBe(200);
    for (const other of ['order_status=cancelled', 'order_status=shipped&sort=price', 'limit=1']) {
      expect(await get(`/order?${other}&cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { code: 'malformed-cursor', detail: expect.stringContaining('another filter or sort') },
      });
    }
  });

  test('is refused if its values were changed', async () => {
    const cursor = await cursorOf('limit=1');
    const [version, fingerprint, backward, [, id]] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [
      number,
      string,
      boolean,
      [string, string],
    ];
    for (const date of ['2026-99-99', 'x', '\0', 1]) {
      const changed = JSON.stringify([version, fingerprint, backward, [date, id]]);
      expect(await get(`/order?limit=1&cursor=${Buffer.from(changed).toString('base64url')}`)).toMatchObject({
        status: 400,
        body: { code: 'malformed-cursor' },
      });
    }
  });
});

test('customers are searched in the same way', async () => {
  const names = [
    ['Zoe', 'Doe'],
    ['Al', 'Doe'],
    ['Bo', 'Dyer'],
  ] as const;
  for (const [firstName, lastName] of names) {
    await database.customer.create({ data: { customerId: randomUUID(), firstName, lastName, email: 'a@b.com' } });
  }
  const { status, headers, body } = await get(
    `/customers${encode({ filter: "last_name STARTS_WITH 'D'", sort: '-last_name,first_name', limit: '2' })}`,
  );
  expect(status).toBe(200);
  expect(headers.get('x-total-count')).toBe('3');
  expect(body).toEqual([
    { customerId: expect.any(String), firstName: 'Bo', lastName: 'Dyer', email: 'a@b.com' },
    { customerId: expect.any(String), firstName: 'Al', lastName: 'Doe', email: 'a@b.com' },
  ]);
  expect((await get(`/customers?customer_id=${customerId}`)).body).toHaveLength(1);
});

const aProductNamed = async (name: string, productType = 'Kitchen'): Promise<string> =>
  (await aProduct(database, { name, productType })).productId;

const findProducts = async (query: Record<string, string>) => {
  const { status, headers, body } = await get(`/catalog${encode(query)}`);
  expect(status).toBe(200);
  const products = body as { name: string; retired: boolean }[];
  return {
    names: products.map(({ name }) => name),
    retired: products.map(({ retired }) => retired),
    total: headers.get('x-total-count'),
    isEstimated: headers.has('x-total-count-estimated'),
    next: /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1],
  };
};

describe('the catalog', () => {
  test('is searched by a part of the name or of the type, in any case', async () => {
    for (const name of ['Green Teapot', 'TEA towel', 'Kettle']) await aProductNamed(name);
    await aProductNamed('Samovar', 'Steamers');

    expect(await findProducts({ find: 'tea' })).toMatchObject({
      names: ['Green Teapot', 'Samovar', 'TEA towel'],
      retired: [false, false, false],
      total: '3',
      isEstimated: false,
    });
  });

  test.each([['100%'], ['a_b'], ['c\\d']])('treats %s as literal text', async (part) => {
    const names = [`Wild ${part}`, 'Wild 1000', 'Wild axb', 'Wild cd'];
    const ids = await Promise.all(names.map((name) => aProductNamed(name)));

    expect((await findProducts({ find: part })).names).toEqual([names[0]]);
    await database.product.deleteMany({ where: { productId: { in: ids } } });
  });

  test('finds all products, only retired ones, or only sold ones', async () => {
    await aProductNamed('Vase of today');
    const old = await aProductNamed('Vase of old');
    expect((await call('POST', `/product/${old}/retire`)).status).toBe(200);

    expect(await findProducts({ find: 'vase' })).toMatchObject({
      names: ['Vase of old', 'Vase of today'],
      retired: [true, false],
    });
    expect((await findProducts({ find: 'vase', retired: 'true' })).names).toEqual(['Vase of old']);
    expect((await findProducts({ find: 'vase', retired: 'false' })).names).toEqual(['Vase of today']);
    expect((await get('/catalog?retired=perhaps')).status).toBe(400);
  });

  test('has pages, and refuses a cursor of another search', async () => {
    for (const name of ['Rug 1', 'Rug 2', 'Rug 3']) await aProductNamed(name);

    const first = await findProducts({ find: 'rug', limit: '2', product_type: 'Kitchen' });
    expect(first).toMatchObject({ names: ['Rug 1', 'Rug 2'], total: '3' });
    const second = await get(`/catalog${first.next}`);
    expect(second.body).toMatchObject([{ name: 'Rug 3' }]);
    for (const other of [first.next!.replace('find=rug', 'find=mat'), `${first.next}&retired=true`]) {
      expect(await get(`/catalog${other}`)).toMatchObject({ status: 400, body: { code: 'malformed-cursor' } });
    }
  });
});

test('a search that takes too long is refused, and a write is not delayed by it', async () => {
  const search = await database.$transaction(
    async (transaction) => {
      await transaction.$executeRaw`LOCK TABLE orders IN ACCESS EXCLUSIVE MODE`;
      const refused = await get('/order?limit=1');
      const customer = { firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' };
      expect((await call('POST', '/customer', customer)).status).toBe(201);
      return refused;
    },
    { timeout: 30_000 },
  );
  expect(search).toMatchObject({ status: 422, body: { code: 'search-too-expensive' } });
});

test('searches beyond those that run and wait are refused at once', async () => {
  const answers = await database.$transaction(
    async (transaction) => {
      await transaction.$executeRaw`LOCK TABLE orders IN ACCESS EXCLUSIVE MODE`;
      const searches = Array.from({ length: 60 }, () => get('/order?limit=1'));
      return Promise.race(searches);
    },
    { timeout: 60_000 },
  );
  expect(answers).toMatchObject({ status: 503, body: { code: 'too-many-searches' } });
  expect(answers.headers.get('retry-after')).toBe('5');
});
