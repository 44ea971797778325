import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { silentLog } from '../../test/silent-log';
import { ANONYMOUS } from './access/caller';
import { createCodecServer } from './codec-server';
import { serveHttp } from './http-server';
import { PayloadEncryption } from './payload-encryption';
import { payloadKeys } from './payload-keys';

const UI = 'http://localhost:8233';
const keys = payloadKeys().parse(`one:${Buffer.alloc(32, 1).toString('base64')}`);
let server: Awaited<ReturnType<typeof serveHttp>>;

beforeAll(async () => {
  const encryption = new PayloadEncryption(keys);
  const app = createCodecServer({ encryption, log: silentLog, authenticate: async () => ANONYMOUS, origins: [UI] });
  server = await serveHttp(app, 0, { address: '127.0.0.1' });
});
afterAll(() => server.stop());

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', body: JSON.stringify(body), headers });

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = { metadata: { encoding: base64('json/plain') }, data: base64('"Ada"') };

test('a payload is encrypted and decrypted, with the fields that are not bytes', async () => {
  const external = { ...plain, externalPayloads: [{ sizeBytes: '12' }] };
  const encrypted = await (await post('/encode', { payloads: [external] })).json();

  expect(JSON.stringify(encrypted)).not.toContain(plain.data);
  expect(await (await post('/decode', encrypted)).json()).toEqual({ payloads: [external] });
});

test('a payload whose key is unknown stays as it is, and the others are decrypted', async () => {
  const { payloads } = (await (await post('/encode', { payloads: [plain] })).json()) as { payloads: object[] };
  const metadata = { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('two/0123456789abcdef') };
  const unknown = { metadata, data: base64('x'.repeat(100)) };

  expect(await (await post('/decode', { payloads: [unknown, ...payloads] })).json()).toEqual({
    payloads: [unknown, plain],
  });
});

// The first of these requests occupied the server for 84 seconds.
test.each([
  ['an object for metadata', { payloads: [{ metadata: { encoding: { length: 500_000_000 } } }] }],
  ['an object for data', { payloads: [{ data: { length: 200_000_000 } }] }],
  ['a number for metadata', { payloads: [{ metadata: { encoding: 5 } }] }],
  ['data that are not base64', { payloads: [{ data: '***' }] }],
  ['null for a payload', { payloads: [null] }],
  ['too many payloads', { payloads: Array.from({ length: 100_000 }, () => ({})) }],
])('a request with %s is refused', async (_, body) => {
  for (const path of ['/encode', '/decode']) expect((await post(path, body)).status).toBe(400);
});

test.each([
  ['null', 403],
  ['http://localhost:9999', 403],
  ['https://localhost:8233', 403],
  [UI, 200],
])('a page of the origin %s is answered with %d', async (Origin, status) => {
  expect((await post('/decode', { payloads: [] }, { Origin })).status).toBe(status);
});
