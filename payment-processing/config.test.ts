import { expect, test } from '@jest/globals';
import { ConfigError } from '@shop/runtime/environment';
import { readConfig } from './config';

test('every setting has a default', () => {
  expect(readConfig({})).toEqual({
    PORT: 8002,
    MANAGEMENT_PORT: 9002,
    MANAGEMENT_ADDRESS: 'localhost',
    DATABASE_URL: 'postgresql://postgres:postgres@localhost:5432/Ecommerce?schema=payments',
    AMQP_URL: 'amqp://guest:guest@localhost:5672',
    TEMPORAL_ADDRESS: 'localhost:7233',
    TEMPORAL_NAMESPACE: 'default',
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
    LOG_LEVEL: 'info',
  });
});

test('an empty setting counts as unset', () => {
  expect(readConfig({ PORT: '' })).toEqual(readConfig({}));
});

test('the broker none is null', () => {
  expect(readConfig({ AMQP_URL: 'none' }).AMQP_URL).toBeNull();
});

const PROBLEMS = {
  PORT: '80000',
  DATABASE_URL: 'postgresql://shop:hunter2@localhost',
  AMQP_URL: 'http://guest:hunter2@localhost',
  TEMPORAL_ADDRESS: 'localhost',
  DATABASE_POOL_SIZE: 'many',
  LOG_LEVEL: 'loud',
};

function errorOf(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

test('reports every invalid setting', () => {
  const lines = errorOf(PROBLEMS).split('\n');

  expect(new Set(lines.map((line) => /^config: (\w+)/.exec(line)?.[1]))).toEqual(new Set(Object.keys(PROBLEMS)));
  expect(lines).toContain(
    'config: TEMPORAL_ADDRESS="localhost" has no port. Use host:port, for example localhost:7233.',
  );
  expect(lines).toContain('config: PORT="80000" is not a whole number from 1 to 65535.');
});

test('prints no password', () => {
  expect(errorOf(PROBLEMS)).not.toContain('hunter2');
});

test('an address that other machines can reach needs AUTH', () => {
  expect(errorOf({ LISTEN_ADDRESS: '0.0.0.0' })).toMatch(/^config: LISTEN_ADDRESS="0\.0\.0\.0" .* state AUTH=none\.$/);
  expect(readConfig({ LISTEN_ADDRESS: '0.0.0.0', AUTH: 'none' }).LISTEN_ADDRESS).toBe('0.0.0.0');
});
