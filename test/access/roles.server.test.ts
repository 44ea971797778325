import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { parseApiKey } from '@shop/runtime/access/api-key';
import { revokeApiKey } from '@shop/runtime/access/api-key-store';
import { CALLERS, ROLES, type Role } from '@shop/runtime/access/role';
import { IdentityProvider, secondsFromNow } from '../identity-provider';
import { allOperations, exampleOf, send } from '../openapi/requests';
import { GuardedShop } from './guarded-shop';
import { OPERATIONS, type AccessOfOperation } from './operations';

// Calls every operation of both services with every kind of credential. What is expected follows from the access that the
// operation declares; the samples at the end are written by hand.

const { customerId } = PREDEFINED_CUSTOMER;

let shop: GuardedShop;
let provider: IdentityProvider;
/** Credentials that are not accepted, by what is wrong with them. */
let wrong: Record<string, string | null>;
/** Credentials that are accepted, by role and kind. */
let right: Record<Role, Record<'API key' | 'JWT', string>>;

beforeAll(async () => {
  provider = await IdentityProvider.start();
  shop = await GuardedShop.start({ AUTH: ['api-keys', 'jwt'], ...provider.settings });
  const operator = await shop.anApiKey();
  const revoked = await shop.anApiKey();
  for (const database of shop.databases) await revokeApiKey(database, parseApiKey(revoked)!.prefix);
  wrong = {
    none: null,
    'another scheme': `Basic ${Buffer.from('admin:admin').toString('base64')}`,
    'no token': 'Bearer',
    'malformed key': 'Bearer shop_x',
    'unknown key': `Bearer shop_00000000_${'A'.repeat(43)}`,
    'wrong secret': `Bearer ${operator.slice(0, -43)}${'A'.repeat(43)}`,
    'expired key': `Bearer ${await shop.anApiKey({ expiresAt: new Date(Date.now() - 1_000) })}`,
    'revoked key': `Bearer ${revoked}`,
    'malformed JWT': 'Bearer a.b.c',
    'expired JWT': `Bearer ${await provider.token({ exp: secondsFromNow(-60) })}`,
    'JWT for another audience': `Bearer ${await provider.token({ aud: 'other' })}`,
  };
  const credentials = async (role: Role) => {
    const customer = role === 'customer' ? customerId : null;
    return {
      'API key': `Bearer ${await shop.anApiKey({ role, customerId: customer })}`,
      JWT: `bearer ${await provider.token({ role, ...(customer && { customer_id: customer }) })}`,
    };
  };
  right = {
    customer: await credentials('customer'),
    catalog: await credentials('catalog'),
    operator: await credentials('operator'),
  };
});
afterAll(async () => {
  await shop.end();
  await provider.stop();
});

/** Sends the example of an operation. @throws {Error} if the OpenAPI document does not describe the response */
async function callWith({ service, id }: Pick<AccessOfOperation, 'service' | 'id'>, authorization: string | null) {
  const example = exampleOf(allOperations().find((one) => one.service === service && one.id === id)!);
  const headers = { ...example.headers, ...(authorization !== null && { Authorization: authorization }) };
  return send(shop.urlOf(service), service, { ...example, headers });
}

describe.each(OPERATIONS)('$method $path of $service', (operation) => {
  const { access } = operation;

  test(access === 'open' ? 'ignores wrong credentials' : 'refuses wrong credentials', async () => {
    for (const [name, authorization] of Object.entries(wrong)) {
      const { status, headers } = await callWith(operation, authorization);
      const challenge = headers.get('www-authenticate');
      const isRefused = { name, status: 401, challenge: expect.stringMatching(/^Bearer( error="invalid_token")?$/) };
      if (access === 'open') expect([401, 403]).not.toContain(status);
      else expect({ name, status, challenge }).toEqual(isRefused);
    }
  });

  test.each(ROLES)(
    `${CALLERS[access].length === 1 ? 'permits only the operator' : `permits ${CALLERS[access].join(' and ')}`}: %s`,
    async (role) => {
      for (const authorization of Object.values(right[role])) {
        const { status, text } = await callWith(operation, authorization);
        if (CALLERS[access].includes(role)) expect([401, 403]).not.toContain(status);
        else expect({ status, text }).toEqual({ status: 403, text: expect.stringContaining('"code":"forbidden"') });
      }
    },
  );
});

describe('by hand:', () => {
  test.each([
    ['listProducts', 'none', 200],
    ['readProduct', 'none', 404],
    ['isAlive', 'none', 200],
    ['listOrders', 'none', 401],
    ['listOrders', 'customer', 200],
    ['listOrders', 'catalog', 403],
    ['placeOrder', 'customer', 201],
    ['placeOrder', 'catalog', 403],
    ['addProduct', 'catalog', 201],
    ['addProduct', 'customer', 403],
    ['deleteOrder', 'customer', 403],
    ['deleteOrder', 'operator', 404],
    ['listCustomers', 'customer', 403],
    ['refundOrder', 'customer', 403],
  ] as const)('%s with the credential of %s answers %i', async (id, role, status) => {
    const authorization = role === 'none' ? null : right[role]['API key'];
    expect(await callWith({ service: 'order-management', id }, authorization)).toMatchObject({ status });
  });

  test.each([
    ['none', 401],
    ['customer', 403],
    ['catalog', 403],
    ['operator', 200],
  ] as const)('payments are listed with the credential of %s: %i', async (role, status) => {
    const authorization = role === 'none' ? null : right[role]['API key'];
    expect(await callWith({ service: 'payment-processing', id: 'listPayments' }, authorization)).toMatchObject({
      status,
    });
  });
});

test('a request that is refused is refused before its body is read or its parameters are checked', async () => {
  const target = '/orderManagement/order/not-an-id/refund?unknown=1';
  const refused = await send(shop.urlOf('order-management'), 'order-management', {
    method: 'POST',
    target,
    headers: {},
    body: '{',
  });
  expect(refused.status).toBe(401);
});

test('no credential is accepted under a different operation because of the case, the prefix or a slash', async () => {
  for (const target of ['/ORDERMANAGEMENT/ORDER', '/order-management/order/', '/orderManagement/order?limit=1']) {
    for (const method of ['GET', 'HEAD']) {
      const refused = await send(shop.urlOf('order-management'), 'order-management', { method, target, headers: {} });
      expect({ target, method, status: refused.status }).toEqual({ target, method, status: 401 });
    }
  }
});

test('no response repeats a credential', async () => {
  for (const authorization of Object.values(wrong)) {
    const { text } = await callWith({ service: 'order-management', id: 'listOrders' }, authorization);
    const token = authorization?.split(' ')[1];
    if (token) expect(text).not.toContain(token);
  }
});

test('while the identity provider is unavailable, tokens are answered with 503, and everything else works', async () => {
  const other = await IdentityProvider.start();
  const token = `Bearer ${await other.token()}`;
  const settings = other.settings;
  await other.stop();
  const affected = await GuardedShop.start({ AUTH: ['api-keys', 'jwt'], ...settings });
  try {
    const get = (path: string, authorization?: string) =>
      send(affected.urlOf('order-management'), 'order-management', {
        method: 'GET',
        target: `/orderManagement${path}`,
        headers: authorization === undefined ? {} : { Authorization: authorization },
      });
    const refused = await get('/order', token);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await get('/order', `Bearer ${await affected.anApiKey()}`)).toMatchObject({ status: 200 });
    expect(await get('/products', token)).toMatchObject({ status: 200 });
  } finally {
    await affected.end();
  }
});
