import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { temporaryFolder } from '../../test/temporary-folder';
import { ConfigError, readEnvironment, temporalSettings } from './environment';
import { configuredAddress } from './temporal-profile';
import { securityOf } from './temporal-security';
import { checkKeyPairs } from './tls-files';

const schema = z.object(temporalSettings).superRefine(checkKeyPairs);
const folder = temporaryFolder('temporal-profile');
const file = join(folder, 'temporalio', 'temporal.toml');
mkdirSync(join(folder, 'temporalio'));
writeFileSync(
  file,
  `[profile.default]
address = "default.example:7233"

[profile.cloud]
address = "cloud.example:7233"
namespace = "shop"
api_key = "secret"
[profile.cloud.tls]
server_name = "temporal.example"
[profile.cloud.grpc_meta]
Shop_Name_1 = "one"
tenant = "blue"

[profile.wrong]
address = "nowhere"
`,
);
afterAll(() => rmSync(folder, { recursive: true }));

const read = (env: NodeJS.ProcessEnv) => readEnvironment(schema, env);

/** Returns the message of the error. */
function errorOf(env: NodeJS.ProcessEnv): string {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

/** Writes a file of its own. */
function fileWith(content: string): string {
  const path = join(folder, `${content.length}.toml`);
  writeFileSync(path, content);
  return path;
}

describe('a profile', () => {
  test('is not read unless a variable selects it', () => {
    expect(read({ XDG_CONFIG_HOME: folder })).toMatchObject({ TEMPORAL_ADDRESS: 'localhost:7233' });
    expect(read({ HOME: folder })).toMatchObject({ TEMPORAL_ADDRESS: 'localhost:7233' });
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['the default one of a file', { TEMPORAL_CONFIG_FILE: file }, 'default.example:7233'],
    ['another one of a file', { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' }, 'cloud.example:7233'],
    [
      'one of the file of the CLI',
      { HOME: '/none', XDG_CONFIG_HOME: folder, TEMPORAL_PROFILE: 'cloud' },
      'cloud.example:7233',
    ],
  ])('may be %s', (_, env, address) => {
    expect(read(env).TEMPORAL_ADDRESS).toBe(address);
    expect(configuredAddress(env)).toBe(address);
  });

  test('sets the namespace, the API key, TLS and headers', () => {
    const settings = read({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' });

    expect(settings.TEMPORAL_NAMESPACE).toBe('shop');
    expect(securityOf(settings, {})).toEqual({
      apiKey: 'secret',
      tls: { serverNameOverride: 'temporal.example' },
      metadata: { 'shop-name-1': 'one', tenant: 'blue' },
    });
  });

  test('is overridden by variables', () => {
    const settings = read({
      TEMPORAL_CONFIG_FILE: file,
      TEMPORAL_PROFILE: 'cloud',
      TEMPORAL_ADDRESS: 'other.example:7233',
      TEMPORAL_GRPC_META_SHOP_NAME_1: 'two',
      TEMPORAL_GRPC_META_TENANT: '',
    });

    expect(settings).toMatchObject({ TEMPORAL_ADDRESS: 'other.example:7233', TEMPORAL_NAMESPACE: 'shop' });
    expect(settings.TEMPORAL_GRPC_META).toEqual({ 'shop-name-1': 'two' });
  });

  test('that is invalid is named with its file', () => {
    expect(errorOf({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'wrong' })).toBe(
      `config: address of the profile wrong in ${file}="nowhere" has no port. Use host:port, for example localhost:7233.`,
    );
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    [
      'does not exist',
      { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'absent' },
      `config: TEMPORAL_CONFIG_FILE="${file}" cannot be used: Profile 'absent' not found in config data (${file}).`,
    ],
    [
      'has no file',
      { TEMPORAL_CONFIG_FILE: '/absent.toml' },
      'config: TEMPORAL_CONFIG_FILE="/absent.toml" cannot be used: the file /absent.toml does not exist.',
    ],
    [
      'has no file in the home folder',
      { HOME: '/absent', TEMPORAL_PROFILE: 'cloud' },
      'config: TEMPORAL_PROFILE="cloud" cannot be used: the file /absent/.config/temporalio/temporal.toml does not exist.',
    ],
  ])('is reported if it %s', (_, env, message) => {
    expect(errorOf(env)).toBe(message);
  });

  test.each([
    ['is not TOML', '[profile.default]\napi_key = secret\n', 'Invalid TOML document'],
    ['is empty', '', 'it contains no profile'],
    ['has a misspelt key', '[profile.default]\nadress = "secret"\n', 'key(s) unrecognized in profile.default: adress'],
    ['accepts any server', '[profile.default.tls]\ndisable_host_verification = true\n', 'disable_host_verification'],
  ])('is reported without its content if it %s', (_, content, problem) => {
    const message = errorOf({ TEMPORAL_CONFIG_FILE: fileWith(content) });

    expect(message).toContain(problem);
    expect(message).toMatch(/^config: TEMPORAL_CONFIG_FILE=.* cannot be used: .*$/);
    expect(message).not.toContain('secret');
  });
});

test.each(['on', 'true', '1'])('TEMPORAL_TLS=%s turns TLS on', (TEMPORAL_TLS) => {
  expect(securityOf(read({ TEMPORAL_TLS }), {})).toEqual({ tls: {} });
});

test.each(['off', 'false', '0', ''])('TEMPORAL_TLS=%s leaves TLS off', (TEMPORAL_TLS) => {
  expect(securityOf(read({ TEMPORAL_TLS }))).toEqual({ tls: false });
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['an unknown word', { TEMPORAL_TLS: 'yes' }, 'config: TEMPORAL_TLS="yes" is not valid. Use one of off, on,'],
  [
    'two names of one setting',
    { TEMPORAL_TLS_CA: '/a', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/b' },
    'config: TEMPORAL_TLS_CA and TEMPORAL_TLS_SERVER_CA_CERT_PATH are both set. Set one of them.',
  ],
  [
    'a path and a content',
    { TEMPORAL_TLS_CLIENT_KEY_PATH: '/a', TEMPORAL_TLS_CLIENT_KEY_DATA: 'b' },
    'config: TEMPORAL_TLS_CLIENT_KEY_PATH and TEMPORAL_TLS_CLIENT_KEY_DATA are both set. Set one of them.',
  ],
  [
    'a certificate that is none',
    { TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'secret' },
    'config: TEMPORAL_TLS_SERVER_CA_CERT_DATA is not a certificate in PEM format.',
  ],
  [
    'a header that no call can have',
    { TEMPORAL_GRPC_META_TENANT: 'secret\n' },
    'config: TEMPORAL_GRPC_META contains the header "tenant", which is not valid.',
  ],
  [
    'a header for bytes',
    { 'TEMPORAL_GRPC_META_TENANT-BIN': 'secret' },
    'config: TEMPORAL_GRPC_META contains the header "tenant-bin", which is not valid.',
  ],
  [
    'an older name',
    { TEMPORAL_TLS_CA: '/absent.pem' },
    'config: TEMPORAL_TLS_CA="/absent.pem" is not a PEM file with a certificate.',
  ],
  [
    'no verification of the server',
    { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' },
    'config: TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is not supported',
  ],
])('reports %s', (_, env, message) => {
  expect(errorOf(env)).toContain(message);
  expect(errorOf(env)).not.toContain('secret');
});
