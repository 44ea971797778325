import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { shipOrder } from '@shop/order-management/orders/settle-order';
import { GuardedShop } from './guarded-shop';
import { aCustomer, aProduct } from '../shop';
import { callService, type Answer } from '../call';

// What a customer sees and changes: its own things. The orders of others are answered as orders that do not exist.

interface Order {
  orderId: string;
  customerId: string;
}

interface Client {
  customerId: string;
  /** As logs and histories name the client. */
  actor: string;
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

let shop: GuardedShop;
let operator: Client;
let [ann, bob]: [Client, Client] = [] as never;
let annsOrders: string[];
let bobsOrder: string;
let productId: string;

beforeAll(async () => {
  shop = await GuardedShop.start({ AUTH: ['api-keys'] });
  ({ productId } = await aProduct(shop.orders, { quantityAvailable: 1_000_000 }));
  operator = clientOf('', await shop.anApiKey());
});
afterAll(() => shop.end());
beforeEach(async () => {
  [ann, bob] = [await newCustomer(), await newCustomer()];
  annsOrders = [await place(ann), await place(ann), await place(ann)];
  bobsOrder = await place(bob);
});

function clientOf(customerId: string, key: string): Client {
  const authorization = { Authorization: `Bearer ${key}` };
  const server = { url: shop.urlOf('order-management') };
  return {
    customerId,
    actor: `api-key:${key.split('_')[1]}`,
    call: (method, path, body, headers) =>
      callService(server, method, `/orderManagement${path}`, body, { ...authorization, ...headers }),
  };
}

async function newCustomer(): Promise<Client> {
  const { customerId } = await aCustomer(shop.orders);
  return anotherKeyOf({ customerId });
}

const anotherKeyOf = async ({ customerId }: Pick<Client, 'customerId'>): Promise<Client> =>
  clientOf(customerId, await shop.anApiKey({ role: 'customer', customerId }));

const orderFor = (customerId: string) => ({ customerId, products: [{ productId, orderedQuantity: 1 }] });

async function place({ call, customerId }: Client, headers: Record<string, string> = {}): Promise<string> {
  const { status, body } = await call('POST', '/order', orderFor(customerId), headers);
  expect(status).toBe(201);
  return (body as Order).orderId;
}

const idsIn = ({ body }: Answer): string[] => (body as Order[]).map(({ orderId }) => orderId);
const sorted = (ids: string[]): string[] => ids.toSorted();

/** Reads the names of the products that a client finds in the catalog. */
const globesFor = async ({ call }: Client, query: string): Promise<string[]> =>
  ((await call('GET', `/catalog?find=globe${query}`)).body as { name: string }[]).map(({ name }) => name);

test('a customer finds only products that are sold in the catalog, whatever it asks for', async () => {
  const { productId: retired } = await aProduct(shop.orders, { name: 'Retired globe' });
  await aProduct(shop.orders, { name: 'Globe' });
  expect((await operator.call('POST', `/product/${retired}/retire`)).status).toBe(200);

  expect(await globesFor(operator, '')).toEqual(['Globe', 'Retired globe']);
  expect(await globesFor(operator, '&retired=true')).toEqual(['Retired globe']);
  expect(await globesFor(ann, '')).toEqual(['Globe']);
  expect(await globesFor(ann, '&retired=true')).toEqual([]);
  expect(await globesFor(ann, `&product_id=${retired}`)).toEqual([]);
});

describe('the list of orders', () => {
  test.each(['', '?', '/'])('without parameters (%j) has only the own orders', async (query) => {
    const own = await ann.call('GET', `/order${query}`);
    expect(sorted(idsIn(own))).toEqual(sorted(annsOrders));
    expect(idsIn(await operator.call('GET', '/order'))).toEqual(expect.arrayContaining([...annsOrders, bobsOrder]));
  });

  test('of several customers at the same time is not mixed up', async () => {
    const answers = await Promise.all([ann, bob, ann, operator, bob].map(({ call }) => call('GET', '/order')));
    const [first, second, third, all, last] = answers.map((answer) => sorted(idsIn(answer)));
    expect(first).toEqual(sorted(annsOrders));
    expect(third).toEqual(sorted(annsOrders));
    expect([second, last]).toEqual([[bobsOrder], [bobsOrder]]);
    expect(all?.length).toBeGreaterThan(3);
  });

  test.each([
    'limit=100',
    'order_status=placed',
    'order_status[ne]=shipped',
    'sort=-order_date',
    'sort=price',
    'sort=-price,order_id',
    'sort=product_name',
    'offset=0',
    `filter=${encodeURIComponent("order_status = 'placed' OR order_status != 'placed'")}`,
    `filter=${encodeURIComponent("NOT order_status = 'shipped'")}`,
    `filter=${encodeURIComponent('customer_id IS NULL OR customer_id IS NOT NULL')}`,
    `filter=${encodeURIComponent('price > 0 OR customer_id IS NOT NULL')}`,
    `filter=${encodeURIComponent("name STARTS_WITH 'M'")}`,
  ])('with %s has, and counts, only the own orders', async (query) => {
    const answer = await ann.call('GET', `/order?${query}`);
    expect(answer.status).toBe(200);
    expect(sorted(idsIn(answer))).toEqual(sorted(annsOrders));
    expect(answer.headers.get('x-total-count')).toBe('3');
  });

  test('cannot be extended to another customer', async () => {
    const { customerId } = bob;
    const filters = [`customer_id = '${customerId}'`, `customer_id IN ('${customerId}') OR order_id = '${bobsOrder}'`];
    const queries = [
      `customer_id=${customerId}`,
      `order_id=${bobsOrder}`,
      ...filters.map((filter) => `filter=${encodeURIComponent(filter)}`),
    ];
    for (const query of queries) {
      const answer = await ann.call('GET', `/order?${query}`);
      expect([query, answer.body, answer.headers.get('x-total-count')]).toEqual([query, [], '0']);
    }
    const both = await ann.call('GET', `/order?customer_id=${customerId}&customer_id=${ann.customerId}`);
    expect(sorted(idsIn(both))).toEqual(sorted(annsOrders));
  });

  test('has pages that contain only the own orders, forward and back', async () => {
    const seen: string[] = [];
    let link: string | undefined = '?limit=2';
    let previous: string | undefined;
    while (link !== undefined) {
      const answer: Answer = await ann.call('GET', `/order${link}`);
      seen.push(...idsIn(answer));
      previous = linkOf(answer, 'prev');
      link = linkOf(answer, 'next');
    }
    expect(sorted(seen)).toEqual(sorted(annsOrders));
    const before = await ann.call('GET', `/order${previous}`);
    expect(annsOrders).toEqual(expect.arrayContaining(idsIn(before)));
  });

  test('refuses the cursor of another customer, and of an operator', async () => {
    await place(bob);
    for (const { call } of [bob, operator]) {
      const theirs = linkOf(await call('GET', '/order?limit=1'), 'next');
      expect(await ann.call('GET', `/order${theirs}`)).toMatchObject({
        status: 400,
        body: { code: 'malformed-cursor' },
      });
    }
  });
});

const linkOf = ({ headers }: Answer, relation: string): string | undefined =>
  new RegExp(`<([^>]*)>; rel="${relation}"`).exec(headers.get('link') ?? '')?.[1];

const withoutId = (body: unknown, id: string): string => JSON.stringify(body).replaceAll(id, '<id>');

describe('an order of another customer', () => {
  test.each([
    ['GET', ''],
    ['GET', '?wait=10s'],
    ['GET', '/history'],
    ['GET', '/events'],
    ['POST', '/cancel'],
  ])('is answered like one that does not exist: %s /order/{id}%s', async (method, path) => {
    const missing = randomUUID();
    // First without a body: a stream that is answered by mistake would not end.
    if (method === 'GET') expect((await ann.call('HEAD', `/order/${bobsOrder}${path}`)).status).toBe(404);
    const ofOther = await ann.call(method, `/order/${bobsOrder}${path}`);
    const ofNobody = await ann.call(method, `/order/${missing}${path}`);
    expect(ofOther.status).toBe(404);
    expect(withoutId(ofOther.body, bobsOrder)).toBe(withoutId(ofNobody.body, missing));
  });

  test('is not cancelled, whether it is placed or settled', async () => {
    await ann.call('POST', `/order/${bobsOrder}/cancel`);
    const placed = await shop.orders.order.findUniqueOrThrow({ where: { orderId: bobsOrder } });
    expect(placed.cancelRequestedAt).toBeNull();

    await shop.orders.order.update({ where: { orderId: bobsOrder }, data: { orderStatus: 'shipped' } });
    expect(await ann.call('POST', `/order/${bobsOrder}/cancel`)).toMatchObject({ status: 404 });
    expect(await bob.call('POST', `/order/${bobsOrder}/cancel`)).toMatchObject({ status: 409 });
  });

  test('cannot be placed', async () => {
    const before = await shop.orders.order.count();
    expect(await ann.call('POST', '/order', orderFor(bob.customerId))).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await ann.call('POST', '/order', orderFor(randomUUID()))).toMatchObject({ status: 403 });
    expect(await shop.orders.order.count()).toBe(before);
  });
});

test('a customer reads, follows and cancels its own order', async () => {
  const [orderId = ''] = annsOrders;
  expect(await ann.call('GET', `/order/${orderId}`)).toMatchObject({ status: 200, body: { orderId } });
  expect(await ann.call('GET', `/order/${orderId}/history`)).toMatchObject({
    status: 200,
    body: [{ step: 'accepted' }],
  });
  expect(await ann.call('HEAD', `/order/${orderId}/events`)).toMatchObject({ status: 200 });
  expect(await ann.call('POST', `/order/${orderId}/cancel`)).toMatchObject({ status: 202 });
  const { cancelRequestedAt } = await shop.orders.order.findUniqueOrThrow({ where: { orderId } });
  expect(cancelRequestedAt).not.toBeNull();
});

test('an operator places, reads and cancels the orders of any customer', async () => {
  const { body } = await operator.call('POST', '/order', orderFor(ann.customerId));
  const { orderId } = body as Order;
  expect(await operator.call('GET', `/order/${orderId}`)).toMatchObject({ status: 200 });
  expect(await operator.call('POST', `/order/${orderId}/cancel`)).toMatchObject({ status: 202 });
});

test('a customer reads and changes its own record only', async () => {
  const change = { email: 'ann@example.com' };
  expect(await ann.call('GET', `/customer/${ann.customerId}`)).toMatchObject({ status: 200 });
  expect(await ann.call('PATCH', `/customer/${ann.customerId}`, change)).toMatchObject({ status: 200, body: change });
  const record = { firstName: 'A', lastName: 'B', ...change };
  for (const [method, body] of [
    ['GET', undefined],
    ['PATCH', change],
    ['PUT', record],
  ] as const) {
    expect(await ann.call(method, `/customer/${bob.customerId}`, body)).toMatchObject({
      status: 404,
      body: { code: 'customer-not-found' },
    });
  }
  expect(await shop.orders.customer.findUnique({ where: { customerId: bob.customerId } })).toMatchObject({
    email: 'ann@bo.com',
  });
});

test('the stream of all orders contains the events of the own orders only', async () => {
  const [first] = await shop.orders.$queryRaw<{ position: string }[]>`
    SELECT transaction_id || '-' || event_id AS position FROM order_events ORDER BY transaction_id, event_id LIMIT 1`;
  const follow = async ({ key }: { key: string }, query = '') => {
    const response = await fetch(
      `${shop.urlOf('order-management')}/orderManagement/order/events?last_event_id=${first?.position}${query}`,
      { headers: { Authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(1_000) },
    );
    let text = '';
    try {
      for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk);
    } catch {
      // the time is over
    }
    return new Set(Array.from(text.matchAll(/"customerId":"([^"]+)"/g), ([, id]) => id));
  };
  const key = await shop.anApiKey({ role: 'customer', customerId: ann.customerId });
  const [own, others, all] = await Promise.all([
    follow({ key }),
    follow({ key }, `&customer_id=${bob.customerId}`),
    follow({ key: await shop.anApiKey() }),
  ]);
  expect([...own]).toEqual([ann.customerId]);
  expect([...others]).toEqual([]);
  expect(all).toContain(bob.customerId);
});

describe('an Idempotency-Key', () => {
  const headers = { 'Idempotency-Key': 'checkout-1' };

  test('identifies an order of its customer, also after the API key was replaced', async () => {
    const placed = await place(ann, headers);
    expect(await place(ann, headers)).toBe(placed);
    expect(await place(await anotherKeyOf(ann), headers)).toBe(placed);
  });

  test('is another key if another caller sends the same text', async () => {
    const placed = await place(ann, headers);
    const bobs = await place(bob, headers);
    const another = await place({ ...operator, customerId: ann.customerId }, headers);
    expect(new Set([placed, bobs, another]).size).toBe(3);
    expect(await place(bob, headers)).toBe(bobs);
  });

  test('of a restock is scoped in the same way', async () => {
    const [one, other] = [clientOf('', await shop.anApiKey({ role: 'catalog' })), operator];
    const product = await aProduct(shop.orders, { quantityAvailable: 0 });
    const restock = async ({ call }: Client) => {
      const { body } = await call('POST', `/product/${product.productId}/restock`, { quantity: 5 }, headers);
      return (body as { quantityAvailable: number }).quantityAvailable;
    };
    expect([await restock(one), await restock(one), await restock(other), await restock(other)]).toEqual([
      5, 5, 10, 10,
    ]);
  });
});

/** Returns the steps of an order, and who requested each, as a client sees them. */
async function actorsOf({ call }: Client, orderId: string): Promise<[string, string | null][]> {
  const { body } = await call('GET', `/order/${orderId}/history`);
  return (body as { step: string; actor: string | null }[]).map(({ step, actor }) => [step, actor]);
}

describe('the history', () => {
  test('shows operators who placed and cancelled an order, and customers only that it was', async () => {
    const [first = '', second = ''] = annsOrders;
    await ann.call('POST', `/order/${first}/cancel`);
    await operator.call('POST', `/order/${second}/cancel`);
    await ann.call('POST', `/order/${second}/cancel`); // repeats it

    expect(await actorsOf(operator, first)).toEqual([
      ['accepted', ann.actor],
      ['cancel-requested', ann.actor],
    ]);
    expect(await actorsOf(operator, second)).toEqual([
      ['accepted', ann.actor],
      ['cancel-requested', operator.actor],
    ]);
    expect(await actorsOf(ann, second)).toEqual([
      ['accepted', null],
      ['cancel-requested', null],
    ]);
  });

  test('records who requested a refund, and who deleted an order', async () => {
    const [orderId = ''] = annsOrders;
    await shipOrder(shop.orders, orderId, randomUUID());
    expect(await operator.call('POST', `/order/${orderId}/refund`, {})).toMatchObject({ status: 202 });
    expect(await actorsOf(operator, orderId)).toContainEqual(['refund-due', operator.actor]);

    await operator.call('DELETE', `/order/${bobsOrder}`);
    const recorded = await shop.orders.orderEvent.findMany({
      where: { orderId: bobsOrder },
      orderBy: { eventId: 'asc' },
    });
    expect(recorded.map(({ step, actor }) => [step, actor])).toEqual([
      ['accepted', bob.actor],
      ['cancel-requested', operator.actor],
      ['deleted', operator.actor],
    ]);
  });
});

test('each log line of a request names its caller', async () => {
  const [orderId = ''] = annsOrders;
  const { productId: retired } = await aProduct(shop.orders);
  await operator.call('POST', `/order/${orderId}/cancel`);
  await operator.call('DELETE', `/order/${orderId}`);
  await operator.call('POST', `/product/${retired}/restock`, { quantity: 1 });
  await operator.call('POST', `/product/${retired}/retire`);

  const lines = shop.logged.filter(({ actor }) => actor === operator.actor).slice(-4);
  expect(lines).toMatchObject([
    { msg: 'cancel requested', orderId },
    { msg: 'order deleted', orderId },
    { msg: 'product restocked', productId: retired, quantity: 1 },
    { msg: 'product retired', productId: retired },
  ]);
});
