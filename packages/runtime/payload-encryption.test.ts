import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { z } from 'zod';
import { ConfigError, readEnvironment } from './environment';
import { PayloadEncryption, UnknownPayloadKeyError } from './payload-encryption';
import { payloadKeys, type PayloadKey } from './payload-keys';

const value = (): string => randomBytes(32).toString('base64');
const keysOf = (text: string): PayloadKey[] =>
  readEnvironment(z.object({ PAYLOAD_KEYS: payloadKeys() }), { PAYLOAD_KEYS: text }).PAYLOAD_KEYS!;

const [one, two] = [`one:${value()}`, `two:${value()}`];
const encryption = new PayloadEncryption(keysOf(one));
const secret = defaultPayloadConverter.toPayload({ customer: 'Ada' });

function onlyOne(payloads: Payload[]): Payload {
  const [first] = payloads;
  if (!first || payloads.length > 1) throw new Error('not one payload');
  return first;
}

const keyIdOf = ({ metadata }: Payload): string => Buffer.from(metadata?.['encryption-key-id'] ?? []).toString();

/** Encrypts one payload. */
async function encrypted(payload: Payload = secret, by = encryption): Promise<Payload> {
  return onlyOne(await by.encode([payload]));
}

const valueOf = async (payload: Payload, by: PayloadEncryption): Promise<unknown> =>
  defaultPayloadConverter.fromPayload(onlyOne(await by.decode([payload])));

describe('a payload', () => {
  test('is encrypted, with its own metadata, and decrypted', async () => {
    const payload = await encrypted();

    expect(Buffer.from(payload.data!).toString('latin1')).not.toContain('Ada');
    expect(Object.keys(payload.metadata!)).toEqual(['encoding', 'encryption-key-id']);
    await expect(valueOf(payload, encryption)).resolves.toEqual({ customer: 'Ada' });
  });

  test('that is empty is encrypted, too', async () => {
    const payload = await encrypted(defaultPayloadConverter.toPayload(undefined));

    await expect(valueOf(payload, encryption)).resolves.toBeUndefined();
  });

  test('is never encrypted to the same bytes', async () => {
    expect((await encrypted()).data).not.toEqual((await encrypted()).data);
  });

  test('stays as it is without keys, and remains readable with keys', async () => {
    const plain = await encrypted(secret, new PayloadEncryption());

    expect(plain).toBe(secret);
    await expect(valueOf(plain, encryption)).resolves.toEqual({ customer: 'Ada' });
  });

  test('remains readable after a rotation, as long as the old key is listed', async () => {
    const payload = await encrypted();

    await expect(valueOf(payload, new PayloadEncryption(keysOf(`${two},${one}`)))).resolves.toEqual({
      customer: 'Ada',
    });
    await expect(new PayloadEncryption(keysOf(two)).decode([payload])).rejects.toThrow(UnknownPayloadKeyError);
  });

  test('is encrypted with the first key', async () => {
    const payload = await encrypted(secret, new PayloadEncryption(keysOf(`${two}\n${one}\n`)));

    expect(keyIdOf(payload)).toMatch(/^two\/[\da-f]{16}$/);
  });

  test.each([
    ['no keys', new PayloadEncryption()],
    ['another key of the same name', new PayloadEncryption(keysOf(`one:${value()}`))],
  ])('is an outage, not an invalid payload, for a process with %s', async (_, other) => {
    await expect(other.decode([await encrypted()])).rejects.toThrow(
      /^A payload is encrypted with the key one\/[\da-f]{16}, which PAYLOAD_KEYS does not contain\./,
    );
  });

  test('that was changed stays undecodable', async () => {
    const payload = await encrypted();
    for (let at = 0; at < payload.data!.length; at += 7) {
      const data = Buffer.from(payload.data!);
      data.writeUInt8(data.readUInt8(at) ^ 1, at);
      const changed = { ...payload, data };
      await expect(encryption.decode([changed])).resolves.toEqual([changed]);
    }
  });

  test('that names another key stays undecodable, even if the keys are equal', async () => {
    const both = new PayloadEncryption(keysOf(`one:${one.slice(4)},copy:${one.slice(4)}`));
    const payload = await encrypted();
    const id = keyIdOf(payload).replace('one', 'copy');
    const renamed = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from(id) } };

    await expect(both.decode([renamed])).resolves.toEqual([renamed]);
  });

  test.each([
    ['without a key id', {}, 100],
    ['with a key id of another program', { 'encryption-key-id': Buffer.from('test') }, 100],
    ['that is too short', { 'encryption-key-id': Buffer.from('one/0123456789abcdef') }, 27],
  ])('of the same encoding %s stays as it is', async (_, metadata, length) => {
    const foreign = { metadata: { encoding: Buffer.from('binary/encrypted'), ...metadata }, data: randomBytes(length) };

    await expect(encryption.decode([foreign])).resolves.toEqual([foreign]);
  });
});

test.each([
  ['no name', value(), 'entry 1 is not a key'],
  ['a short key', `one:${randomBytes(16).toString('base64')}`, 'entry 1 is not a key'],
  ['a key that is not base64', `${two},one:${'?'.repeat(44)}`, 'entry 2 is not a key'],
  ['a name twice', `${one},one:${value()}`, 'contains two keys of the same name'],
  ['no key', ',', 'contains no key'],
])('keys are refused without being shown: %s', (_, text, problem) => {
  let message = '';
  try {
    keysOf(text);
  } catch (error) {
    message = error instanceof ConfigError ? error.message : '';
  }

  expect(message).toContain(`config: PAYLOAD_KEYS ${problem}`);
  expect(message).not.toContain(text.slice(-10));
});
