import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config';

const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
};

test('every setting has a default', () => {
  expect(readConfig({})).toEqual({
    PORT: 8001,
    MANAGEMENT_PORT: 9001,
    MANAGEMENT_ADDRESS: 'localhost',
    ADOPT: 'hold',
    DATABASE_URL: 'postgresql://postgres:postgres@localhost:5432/Ecommerce',
    WORKER_VERSIONING: 'off',
    TEMPORAL_TLS: 'off',
    LISTEN_ADDRESS: 'localhost',
    ALLOWED_HOSTS: [],
    CORS_ORIGINS: [],
    RATE_LIMIT: 0,
    TRUSTED_PROXIES: [],
    KEEP_ALIVE_TIMEOUT: 65_000,
    DRAIN_TIME: 0,
    MIGRATE: 'on',
    TOPOLOGY: 'declare',
    AMQP_VERIFY_USER: [],
    DATABASE_POOL_SIZE: 10,
    DATABASE_READ_URLS: [],
    READ_MAX_LAG: 5_000,
    READ_WAIT: 200,
    AMQP_URL: 'amqp://guest:guest@localhost:5672',
    TEMPORAL_ADDRESS: 'localhost:7233',
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_UI_URL: 'http://localhost:8233',
    PAYMENT_API_ORIGIN: 'http://localhost:8002',
    LOG_LEVEL: 'info',
    PAYMENT_CHANNEL: 'events',
    PAYMENT_ASKS: 3,
    PAYMENT_TIMEOUT: 30_000,
    PAYMENT_FAST_PATH: 'on',
    MAX_UNSETTLED: 2_000,
    SWEEP_INTERVAL: 5_000,
    SWEEP_AFTER: 30_000,
  });
});

test.each([
  ['127.0.0.1', undefined, 'http://localhost:8002'],
  ['0.0.0.0', undefined, 'same'], // localhost would be the machine of the reader
  ['0.0.0.0', 'https://payments.example.com', 'https://payments.example.com'],
  ['localhost', 'same', 'same'],
])('the console of a service on %s with PAYMENT_API_ORIGIN=%s uses %s', (LISTEN_ADDRESS, given, origin) => {
  const env = { LISTEN_ADDRESS, AUTH: 'api-keys', ...(given !== undefined && { PAYMENT_API_ORIGIN: given }) };
  expect(readConfig(env).PAYMENT_API_ORIGIN).toBe(origin);
});

test('reports every invalid setting', () => {
  const problems = problemsOf({
    PORT: '0',
    TEMPORAL_ADDRESS: 'localhost',
    PAYMENT_TIMEOUT: '5',
    PAYMENT_CHANNEL: 'pigeon',
  });

  expect(problems).toHaveLength(4);
  expect(problems).toContain('config: PAYMENT_TIMEOUT="5" has no unit. Use ms, s, m or h, for example 5s.');
  expect(problems).toContain('config: PAYMENT_CHANNEL="pigeon" is not valid. Use one of events, activity.');
});

test('prints no password', () => {
  const problems = problemsOf({ DATABASE_URL: 'mysql://root:secret@db/shop', AMQP_URL: 'http://guest:secret@mq' });

  expect(problems).toHaveLength(2);
  expect(problems.join()).not.toContain('secret');
});

test('reports TLS parameters of a database URL that cannot be used', () => {
  const url = 'postgresql://root:secret@db/shop?sslmode=verify-full&sslrootcert=/missing.pem';

  const missing = "sslrootcert is not readable: Error: ENOENT: no such file or directory, open '/missing.pem'";
  expect(problemsOf({ DATABASE_URL: url, DATABASE_READ_URLS: `postgresql://near/shop,${url}` })).toEqual([
    `config: DATABASE_URL cannot be used. ${missing}`,
    `config: DATABASE_READ_URLS entry 2 cannot be used. ${missing}`,
  ]);
});

test('keeps the order of the secondaries, and reports an invalid one by its position', () => {
  const [near, far] = ['postgresql://postgres:secret@near:5432/shop', 'postgresql://postgres:secret@far:5432/shop'];

  expect(readConfig({ DATABASE_READ_URLS: `${near}, ${far}` }).DATABASE_READ_URLS).toEqual([near, far]);
  const problems = problemsOf({ DATABASE_READ_URLS: `${near},far:secret` });
  expect(problems).toEqual([
    'config: DATABASE_READ_URLS entry 2 is not a PostgreSQL URL with a database. Use, for example, postgresql://user:password@localhost:5432/Ecommerce.',
  ]);
});

test('allows no broker only if payments are requested by activities', () => {
  expect(problemsOf({ AMQP_URL: 'none' })).toEqual([
    'config: PAYMENT_CHANNEL needs a broker, but AMQP_URL is none. Use activity to run without a broker.',
  ]);
  expect(readConfig({ AMQP_URL: 'none', PAYMENT_CHANNEL: 'activity' }).AMQP_URL).toBeNull();
});

test.each(['PAYMENT_TIMEOUT', 'SWEEP_INTERVAL', 'SWEEP_AFTER', 'READ_MAX_LAG', 'READ_WAIT'] as const)(
  '%s needs a unit',
  (name) => {
    expect(problemsOf({ [name]: '5' })).toEqual([
      `config: ${name}="5" has no unit. Use ms, s, m or h, for example 5s.`,
    ]);
    expect(readConfig({ [name]: '2m' })[name]).toBe(120_000);
  },
);

describe('AUTH', () => {
  const at = (AUTH_JWKS_URL: string) => ({ AUTH: 'jwt', ...tokens, AUTH_JWKS_URL });
  const tokens = {
    AUTH_JWKS_URL: 'https://login.test/jwks',
    AUTH_ISSUER: 'https://login.test/',
    AUTH_AUDIENCE: 'shop',
  };

  test('is a list of methods; unset and none differ, although both permit everything', () => {
    expect(readConfig({}).AUTH).toBeUndefined();
    expect(readConfig({ AUTH: 'none' }).AUTH).toEqual(['none']);
    expect(readConfig({ AUTH: 'api-keys' }).AUTH).toEqual(['api-keys']);
    expect(readConfig({ AUTH: 'jwt, api-keys', ...tokens }).AUTH).toEqual(['jwt', 'api-keys']);
  });

  test.each(['yes', 'api-keys,', 'API-KEYS'])('cannot be %j', (AUTH) => {
    expect(problemsOf({ AUTH })).toEqual([
      `config: AUTH=${JSON.stringify(AUTH)} is not valid. Use none, or a list of api-keys and jwt.`,
    ]);
  });

  test('cannot combine none with a method', () => {
    expect(problemsOf({ AUTH: 'none,api-keys' })).toEqual([
      'config: AUTH="none,api-keys" combines none with other values.',
    ]);
  });

  test('reports each setting of tokens that is missing, and each that has no effect', () => {
    expect(problemsOf({ AUTH: 'jwt', AUTH_ISSUER: 'https://login.test/' })).toEqual([
      'config: AUTH_JWKS_URL is not set. AUTH=jwt needs it.',
      'config: AUTH_AUDIENCE is not set. AUTH=jwt needs it.',
    ]);
    expect(problemsOf({ AUTH: 'api-keys', AUTH_AUDIENCE: 'shop' })).toEqual([
      'config: AUTH_AUDIENCE="shop" has no effect, because AUTH does not contain jwt.',
    ]);
  });

  test('needs TLS to fetch the keys of another machine, and does not repeat the URL, which may contain a secret', () => {
    for (const url of ['http://login.test/jwks', 'login.test', 'ftp://localhost/jwks']) {
      expect(problemsOf(at(url))).toEqual([
        'config: AUTH_JWKS_URL is not an https: URL. Use, for example, https://login.example.com/.well-known/jwks.json.',
      ]);
    }
    expect(readConfig(at('http://localhost:8080/jwks')).AUTH_JWKS_URL).toBe('http://localhost:8080/jwks');
  });
});

test.each(['0', '-1', '1.5', 'once'])('PAYMENT_ASKS cannot be %s', (asks) => {
  expect(problemsOf({ PAYMENT_ASKS: asks })).toEqual([
    `config: PAYMENT_ASKS="${asks}" is not a whole number from 1 to 100.`,
  ]);
});

test('an address that other machines can reach needs AUTH', () => {
  expect(String(problemsOf({ LISTEN_ADDRESS: '0.0.0.0' }))).toMatch(
    /^config: LISTEN_ADDRESS="0\.0\.0\.0" .* state AUTH=none\.$/,
  );
  expect(readConfig({ LISTEN_ADDRESS: '0.0.0.0', AUTH: 'none' }).LISTEN_ADDRESS).toBe('0.0.0.0');
});
