import { expect, test } from '@jest/globals';
import { createApiKey, formatApiKey, hashSecret } from './api-key';
import type { StoredApiKey } from './api-key-store';
import { ApiKeys } from './api-keys';

const key = createApiKey();
const token = formatApiKey(key);

const stored = (more: Partial<StoredApiKey> = {}): StoredApiKey => ({
  name: 'shop',
  prefix: key.prefix,
  secretHash: hashSecret(key.secret),
  role: 'operator',
  customerId: null,
  createdAt: new Date(0),
  expiresAt: null,
  revokedAt: null,
  ...more,
});

const refused = (message: string) => ({ code: 'unauthenticated', message: expect.stringContaining(message) });

test('identifies the owner of a key', async () => {
  await expect(new ApiKeys(async () => stored()).identify(token)).resolves.toEqual({
    actor: `api-key:${key.prefix}`,
    role: 'operator',
    customerId: null,
  });
  const ofCustomer = new ApiKeys(async () => stored({ role: 'customer', customerId: 'cf68cb9a' }));
  await expect(ofCustomer.identify(token)).resolves.toMatchObject({ role: 'customer', customerId: 'cf68cb9a' });
});

test('refuses another secret, and says nothing about the key', async () => {
  const forged = formatApiKey({ ...createApiKey(), prefix: key.prefix });
  const keys = new ApiKeys(async () => stored({ revokedAt: new Date() }));
  await expect(keys.identify(forged)).rejects.toMatchObject(refused('The API key is not valid.'));
});

test.each(['shop_', 'shop_12345678_', `${token}x`, token.slice(0, -1), token.toUpperCase()])(
  'refuses %s without a look-up',
  async (malformed) => {
    const keys = new ApiKeys(() => Promise.reject(new Error('looked up')));
    await expect(keys.identify(malformed)).rejects.toMatchObject(refused('format'));
  },
);

test('looks up few keys at a time, and refuses a request behind too many others until later', async () => {
  let running = 0;
  let most = 0;
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const keys = new ApiKeys(async () => {
    most = Math.max(most, ++running);
    await ended;
    running--;
    return null;
  });
  const waiting = Array.from({ length: 102 }, () => keys.identify(formatApiKey(createApiKey())));
  await expect(keys.identify(formatApiKey(createApiKey()))).rejects.toMatchObject({ code: 'service-unavailable' });

  end();
  const outcomes = await Promise.allSettled(waiting);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(most).toBe(2);
});

test('refuses a key from the moment of its expiry, even if it is cached', async () => {
  let now = 1_000;
  const keys = new ApiKeys(
    async () => stored({ expiresAt: new Date(2_000) }),
    () => now,
  );
  await keys.identify(token);
  now = 2_000;
  await expect(keys.identify(token)).rejects.toMatchObject(refused('expired at 1970-01-01T00:00:02.000Z'));
});

test('refuses a revoked key after at most 5 seconds', async () => {
  let [now, revokedAt]: [number, Date | null] = [0, null];
  const keys = new ApiKeys(
    async () => stored({ revokedAt }),
    () => now,
  );
  await keys.identify(token);
  revokedAt = new Date();
  now = 5_000;
  await expect(keys.identify(token)).rejects.toMatchObject(refused('was revoked'));
});

test('looks a key up once for many requests within 5 seconds', async () => {
  let lookUps = 0;
  const keys = new ApiKeys(async () => (lookUps++, stored()));
  await Promise.all(Array.from({ length: 20 }, () => keys.identify(token)));
  await keys.identify(token);
  expect(lookUps).toBe(1);
});

test('accepts a key that was created after it was refused', async () => {
  let found: StoredApiKey | null = null;
  const keys = new ApiKeys(async () => found);
  await expect(keys.identify(token)).rejects.toMatchObject(refused('not valid'));
  found = stored();
  await expect(keys.identify(token)).resolves.toMatchObject({ role: 'operator' });
});

test('reports that the database is unavailable, and asks it again for the next request', async () => {
  let isUp = false;
  const keys = new ApiKeys(async () => {
    if (isUp) return stored();
    throw new Error('connection refused');
  });
  await expect(keys.identify(token)).rejects.toThrow('connection refused');
  isUp = true;
  await expect(keys.identify(token)).resolves.toMatchObject({ role: 'operator' });
});
