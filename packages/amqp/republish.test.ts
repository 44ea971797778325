import { describe, expect, test } from '@jest/globals';
import { anything, assert, dictionary, property, string } from 'fast-check';
import { propertiesOfCopy, shortReason } from './republish';

const copyOf = (properties: object, added: Record<string, string | number> = {}) =>
  propertiesOfCopy({ properties: properties as never }, added);

const OURS = { 'x-reason': 'it is odd', 'x-first-seen': '2026-01-02T03:04:05.678Z' };

describe('a copy of a message', () => {
  test('keeps the content type, and what the sender had set as text', () => {
    const headers = { CC: ['PaymentStat'], BCC: ['processPayment'], 'x-delay': 5, traceparent: '00-1', empty: null };
    const properties = { contentType: 'text/json', expiration: '100', userId: 'guest', replyTo: undefined, headers };

    expect(copyOf(properties, OURS)).toEqual({
      contentType: 'text/json',
      headers: {
        'sender.expiration': '100',
        'sender.userId': 'guest',
        'sender.headers.CC': '["PaymentStat"]',
        'sender.headers.BCC': '["processPayment"]',
        'sender.headers.x-delay': '5',
        'sender.headers.traceparent': '00-1',
        'sender.headers.empty': 'null',
        ...OURS,
      },
    });
  });

  const TRACE = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=1' };

  test('keeps valid trace headers as they are, and so does a copy of a copy', () => {
    const first = copyOf({ headers: { ...TRACE, a: 'b' } }, OURS);

    expect(first.headers).toEqual({ 'sender.headers.a': 'b', ...TRACE, ...OURS });
    expect(copyOf(first, OURS)).toEqual(first);
  });

  test('can be encoded if it has the longest trace headers', () =>
    expectEncodable(copyOf({ headers: { ...TRACE, tracestate: 'x'.repeat(256), more: 'x'.repeat(70_000) } }, OURS)));

  test('of a copy has the same headers of the sender, and none of RabbitMQ', () => {
    const first = copyOf({ messageId: 'm-1', headers: { a: 'b', 'x-reason': 'mine' } }, OURS);
    const delivered = {
      ...first,
      messageId: 'ours',
      deliveryMode: 2,
      headers: { ...first.headers, 'x-death': [{ count: 1 }], 'x-first-death-queue': 'PaymentStat.delayed', CC: ['a'] },
    };

    expect(copyOf(delivered, OURS)).toEqual(first);
  });

  test.each([
    ['that are longer than a frame', { long: 'x'.repeat(70_000) }],
    ['that are many', Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`h${i}`, i]))],
    ['with the longest names', Object.fromEntries(Array.from({ length: 9 }, (_, i) => ['€'.repeat(84) + i, 'x']))],
    ['with a name that begins with an exclamation mark', { '!': 'no type', value: 1, nested: { '!': 'decimal' } }],
    ['that are nested deeply', Array.from({ length: 20_000 }).reduce<object>((inner) => ({ a: inner }), {})],
    ['with names of methods', { toString: 1, valueOf: 2, toJSON: { toJSON: 3 }, hasOwnProperty: 4, constructor: 5 }],
    ['with bytes', { bytes: Buffer.alloc(300, 255) }],
    ['with characters outside the plane', { text: '🦆'.repeat(200), '🦆': '\uD800' }],
  ])('can be encoded if it has headers %s', (_, headers) => expectEncodable(copyOf({ headers }, OURS)));

  test.each(['x'.repeat(256), '\uFFFD'.repeat(100), 5, null, {}])(
    'has no content type that cannot be encoded: %j',
    (contentType) => expectEncodable(copyOf({ contentType, messageId: contentType }, OURS)),
  );

  test('can be encoded, whatever the sender has set', () =>
    assert(
      property(dictionary(string(), anything()), string(), (headers, contentType) =>
        expectEncodable(copyOf({ headers, contentType }, OURS)),
      ),
    ));
});

test('a reason is cut to a thousand bytes, at a character', () => {
  expect(shortReason('too odd')).toBe('too odd');
  expect(shortReason('€'.repeat(1_000))).toBe('€'.repeat(333));
});

/** AMQP encodes names with up to 255 bytes; the shortest frame has 4,096. Texts and numbers are always encodable. */
function expectEncodable({ contentType = '', headers, ...others }: ReturnType<typeof copyOf>): void {
  const entries = Object.entries(headers as Record<string, unknown>);
  const texts = entries.map(([, value]) => (typeof value === 'number' ? '12345678' : value));
  expect(others).toEqual({});
  expect(texts.filter((text) => typeof text !== 'string')).toEqual([]);
  const names = [contentType, ...entries.map(([name]) => name)].map((name) => Buffer.byteLength(name));
  expect(Math.max(...names)).toBeLessThanOrEqual(255);
  const total = [...names, ...texts.map((text) => 6 + Buffer.byteLength(String(text)))].reduce(
    (sum, size) => sum + size,
    0,
  );
  expect(total).toBeLessThan(3_500);
  expect(entries).toEqual(expect.arrayContaining(Object.entries(OURS)));
}
