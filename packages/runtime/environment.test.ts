import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  amqpUrl,
  commonSettings,
  ConfigError,
  duration,
  hostPort,
  integer,
  oneOf,
  port,
  postgresUrl,
  readEnvironment,
} from './environment';
import { keyFile } from './tls-files';

const usable = (): void => undefined;

/** Reads one setting. @returns its value, or the message of the error */
function read(setting: z.ZodType, text?: string, name = 'SETTING'): unknown {
  try {
    return readEnvironment(z.object({ [name]: setting }), { [name]: text })[name];
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

test('every common setting has a default', () => {
  expect(readEnvironment(z.object(commonSettings), { HOME: '/root' })).toEqual({
    TEMPORAL_ADDRESS: 'localhost:7233',
    TEMPORAL_NAMESPACE: 'default',
    AMQP_URL: 'amqp://guest:guest@localhost:5672',
    WORKER_VERSIONING: 'off',
    TEMPORAL_TLS: 'off',
    KEEP_ALIVE_TIMEOUT: 65_000,
    DRAIN_TIME: 0,
    DATABASE_POOL_SIZE: 10,
    LOG_LEVEL: 'info',
  });
});

test('an empty setting counts as unset', () => {
  expect(read(port(8001), '')).toBe(8001);
});

test('reports every invalid setting, one per line', () => {
  const settings = z.object({
    ...commonSettings,
    TIMEOUT: duration('30s'),
    NAME: z.string({ error: 'Set it to the name.' }),
  });
  const environment = { TEMPORAL_ADDRESS: 'localhost', DATABASE_POOL_SIZE: '0', LOG_LEVEL: 'loud', TIMEOUT: '5' };

  expect(() => readEnvironment(settings, environment)).toThrow(
    new ConfigError(
      [
        'config: TEMPORAL_ADDRESS="localhost" has no port. Use host:port, for example localhost:7233.',
        'config: DATABASE_POOL_SIZE="0" is not a whole number from 1 to 1000.',
        'config: LOG_LEVEL="loud" is not valid. Use one of trace, debug, info, warn, error, silent.',
        'config: TIMEOUT="5" has no unit. Use ms, s, m or h, for example 5s.',
        'config: NAME is not set. Set it to the name.',
      ].join('\n'),
    ),
  );
});

test.each([
  [postgresUrl('postgresql://localhost/shop', usable), 'mysql://shop:secret@localhost/shop', 'is not a PostgreSQL URL'],
  [amqpUrl(), 'http://shop:secret@localhost', 'is not an AMQP URL'],
])('prints no password of an invalid URL', (setting, url, problem) => {
  const message = read(setting, url, 'SOME_URL');

  expect(message).toMatch(`config: SOME_URL ${problem}`);
  expect(message).not.toMatch('secret');
});

test('prints nothing of a private key that is set instead of its path', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';

  expect(read(keyFile(), key, 'SOME_TLS_KEY')).toBe(
    'config: SOME_TLS_KEY is the content of a file. Set it to the path of the file.',
  );
});

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
  ])('of %s is %i milliseconds', (text, milliseconds) => {
    expect(read(duration('1s'), text)).toBe(milliseconds);
  });

  test.each(['soon', '-5s', '1.5s', '5 s', '1d'])('is not %s', (text) => {
    expect(read(duration('1s'), text)).toBe(
      `config: SETTING="${text}" is not a duration. Use a whole number with ms, s, m or h, for example 30s.`,
    );
  });

  test('is not zero, unless the setting allows it', () => {
    expect(read(duration('1s'), '0s')).toBe('config: SETTING="0s" must be longer than zero.');
    expect(read(duration('1s', { allowZero: true }), '0s')).toBe(0);
  });
});

describe('a whole number', () => {
  test.each(['1', '100'])('may be %s, a limit of its range', (text) => {
    expect(read(integer(5, 1, 100), text)).toBe(Number(text));
  });

  test.each(['0', '101', '-1', '1.5', '0x10', '1e1', ' 5', 'five'])('is not %j', (text) => {
    expect(read(integer(5, 1, 100), text)).toBe(
      `config: SETTING=${JSON.stringify(text)} is not a whole number from 1 to 100.`,
    );
  });
});

describe('the address of a server', () => {
  test.each(['localhost:7233', 'temporal.example.com:443', '10.0.0.1:7233', '[::1]:7233'])('may be %s', (text) => {
    expect(read(hostPort('localhost:7233'), text)).toBe(text);
  });

  test.each([
    ':7233',
    'http://localhost:7233',
    'localhost:',
    'localhost:http',
    '::1:7233',
    'local host:7233',
    'localhost:0',
    'localhost:70000',
  ])('is not %j', (text) => {
    expect(read(hostPort('localhost:7233'), text)).toMatch(
      /is not an address\. Use host:port, for example localhost:7233\.$/,
    );
  });
});

describe('a PostgreSQL URL', () => {
  test.each(['postgresql://localhost/shop', 'postgres://u:p@db:5432/shop?schema=payments'])('may be %s', (text) => {
    expect(read(postgresUrl('postgresql://localhost/shop', usable), text)).toBe(text);
  });

  test.each(['localhost/shop', 'postgresql://localhost', 'postgresql://localhost/'])('is not %s', (text) => {
    expect(read(postgresUrl('postgresql://localhost/shop', usable), text)).toMatch(
      /is not a PostgreSQL URL with a database/,
    );
  });
});

test('the broker none is null', () => {
  expect(read(amqpUrl(), 'none')).toBeNull();
  expect(read(amqpUrl(), 'amqps://shop:secret@broker/shop')).toBe('amqps://shop:secret@broker/shop');
});

test('a word must match exactly', () => {
  const channel = oneOf(['events', 'activity'], 'events');
  expect(read(channel, 'activity')).toBe('activity');
  expect(read(channel, 'Activity')).toBe('config: SETTING="Activity" is not valid. Use one of events, activity.');
});
