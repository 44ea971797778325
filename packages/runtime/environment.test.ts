import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  amqpUrl,
  checkListenAddress,
  commonSettings,
  ConfigError,
  duration,
  hostPort,
  integer,
  managementPort,
  oneOf,
  port,
  postgresUrl,
  readEnvironment,
} from './environment';
import { temporaryFolder } from '../../test/temporary-folder';
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
    TOPOLOGY: 'declare',
    AMQP_VERIFY_USER: [],
    WORKER_VERSIONING: 'off',
    TEMPORAL_TLS: 'off',
    LISTEN_ADDRESS: 'localhost',
    ALLOWED_HOSTS: [],
    CORS_ORIGINS: [],
    RATE_LIMIT: 0,
    TRUSTED_PROXIES: [],
    MANAGEMENT_ADDRESS: 'localhost',
    KEEP_ALIVE_TIMEOUT: 65_000,
    DRAIN_TIME: 0,
    DATABASE_POOL_SIZE: 10,
    MIGRATE: 'on',
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

describe('a setting that may contain a secret', () => {
  const folder = temporaryFolder('secrets');
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileWith = (content: string): string => {
    const path = join(folder, randomUUID());
    writeFileSync(path, content);
    return path;
  };
  const schema = z.object({
    AMQP_URL: amqpUrl(),
    TEMPORAL_API_KEY: z.string().optional(),
    TEMPORAL_UI_URL: z.string().optional(),
    PORT: port(8001),
  });
  const URL = 'amqp://shop:secret@broker';

  test.each([URL, `${URL}\n`, `${URL}\r\n`])('is read from a file (%j)', (content) => {
    expect(
      readEnvironment(schema, { AMQP_URL_FILE: fileWith(content), TEMPORAL_API_KEY_FILE: fileWith('key\n\n') }),
    ).toEqual({ AMQP_URL: URL, TEMPORAL_API_KEY: 'key\n', PORT: 8001 });
  });

  test('has its default if the variable of the file is empty', () => {
    expect(readEnvironment(schema, { AMQP_URL: URL, AMQP_URL_FILE: '' })).toMatchObject({ AMQP_URL: URL });
  });

  test.each<[string, () => NodeJS.ProcessEnv, RegExp]>([
    [
      'is set twice',
      () => ({ AMQP_URL: URL, AMQP_URL_FILE: fileWith(URL) }),
      /^config: AMQP_URL and AMQP_URL_FILE are both set\. Set one of them\.$/,
    ],
    [
      'has no file',
      () => ({ AMQP_URL_FILE: '/absent' }),
      /^config: AMQP_URL_FILE="\/absent" cannot be read\. .*ENOENT/,
    ],
    [
      'has an empty file',
      () => ({ AMQP_URL_FILE: fileWith('\n') }),
      /^config: AMQP_URL_FILE="[^"]+" is an empty file\.$/,
    ],
    ['is invalid', () => ({ AMQP_URL_FILE: fileWith('shop:secret') }), /^config: AMQP_URL is not an AMQP URL\./],
    [
      'cannot be read, like another setting',
      () => ({ AMQP_URL_FILE: '/absent', PORT: 'none' }),
      /^config: AMQP_URL_FILE=.*\nconfig: PORT="none" is not a whole number/,
    ],
  ])('is reported without its value if it %s', (_, environment, problem) => {
    let message = '';
    try {
      readEnvironment(schema, environment());
    } catch (error) {
      message = error instanceof ConfigError ? error.message : '';
    }

    expect(message).toMatch(problem);
    expect(message).not.toContain('secret@');
    expect(message).not.toContain('shop:');
  });

  test('is the only kind of setting that can be in a file', () => {
    const absent = { PORT_FILE: '/absent', TEMPORAL_UI_URL_FILE: '/absent', POSTGRES_PASSWORD_FILE: '/absent' };

    expect(readEnvironment(schema, absent)).toMatchObject({ PORT: 8001 });
  });
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

describe('the address to listen on', () => {
  const { LISTEN_ADDRESS, AUTH } = commonSettings;
  const settings = z.object({ LISTEN_ADDRESS, AUTH }).superRefine(checkListenAddress);
  const start = (env: NodeJS.ProcessEnv): unknown => readEnvironment(settings, env);

  test.each([undefined, 'localhost', '127.0.0.1', '127.1.2.3', '::1'])('needs no authentication: %s', (address) => {
    expect(start({ LISTEN_ADDRESS: address })).toEqual({ LISTEN_ADDRESS: address ?? 'localhost' });
  });

  test.each(['0.0.0.0', '::', '10.0.0.7', 'shop.example.com', '127.example.com'])(
    'needs AUTH if other machines can reach it: %s',
    (address) => {
      expect(() => start({ LISTEN_ADDRESS: address })).toThrow(
        new ConfigError(
          `config: LISTEN_ADDRESS="${address}" can be reached from other machines, and AUTH is not set. Set AUTH to ` +
            'api-keys or jwt. If something else controls who reaches the service, state AUTH=none.',
        ),
      );
      expect(start({ LISTEN_ADDRESS: address, AUTH: 'none' })).toMatchObject({ AUTH: ['none'] });
      expect(start({ LISTEN_ADDRESS: address, AUTH: 'api-keys, jwt' })).toMatchObject({ AUTH: ['api-keys', 'jwt'] });
    },
  );

  test.each([
    ['keys', 'is not valid. Use none, or a list of api-keys and jwt.'],
    ['api-keys,', 'is not valid. Use none, or a list of api-keys and jwt.'],
    ['none,jwt', 'combines none with other values.'],
  ])('is refused with an invalid AUTH: %s', (auth, problem) => {
    expect(() => start({ LISTEN_ADDRESS: '0.0.0.0', AUTH: auth })).toThrow(`config: AUTH="${auth}" ${problem}`);
  });
});

test.each([
  ['ALLOWED_HOSTS', 'shop.example:8001', 'is not the name of a host. Leave out the scheme and the port.'],
  ['ALLOWED_HOSTS', 'https://shop.example', 'is not the name of a host. Leave out the scheme and the port.'],
  ['TRUSTED_PROXIES', 'haproxy', 'is not an address. Use, for example, 10.0.0.7 or 10.0.0.0/24.'],
  ['TRUSTED_PROXIES', '10.0.0.0/33', 'is not an address. Use, for example, 10.0.0.7 or 10.0.0.0/24.'],
  ['CORS_ORIGINS', '*', 'is not an origin. Use, for example, https://shop.example.com.'],
  ['CORS_ORIGINS', 'https://shop.example/', 'is not an origin. Use, for example, https://shop.example.com.'],
] as const)('%s refuses %s', (name, value, problem) => {
  expect(read(commonSettings[name], value, name)).toContain(`contains "${value}", which ${problem}`);
});

test.each([
  [undefined, 9001],
  ['0', 0],
  ['65535', 65_535],
  ['same', 'same'],
  ['65536', expect.stringContaining('is neither a whole number from 0 to 65535 nor same.')],
  ['none', expect.stringContaining('is neither a whole number from 0 to 65535 nor same.')],
])('a management port is a port, or that of the API: %s', (text, value) => {
  expect(read(managementPort(9001), text)).toEqual(value);
});
