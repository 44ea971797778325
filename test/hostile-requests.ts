import * as fc from 'fast-check';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import type { RawRequest } from './raw-http';

const CUSTOMER = PREDEFINED_CUSTOMER.customerId;
const THERMOS = PREDEFINED_PRODUCT.productId;

const oneOf = fc.constantFrom;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Texts that programs often handle incorrectly. */
export const hostileText = fc.oneof(
  oneOf(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\udfff\ud800',
    '\u202e',
    '\uFEFF',
    '💥',
    "'; --",
    '%s',
    '${1}',
    'x'.repeat(20_000),
  ),
  oneOf(CUSTOMER.toUpperCase(), THERMOS, '00000000-0000-0000-0000-000000000000', 'a@b.c', '\0@b.c', '\ud800@b.co'),
  fc.string({ unit: 'binary' }),
);
const hostileNumber = fc.oneof(
  oneOf(-1, -0, 0.1, 1e-320, 5e-324, 1.7976931348623157e308, 2 ** 31, 2 ** 53 + 2, 99_999_999.994_999, 1e21, 45),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
/** JSON values that programs often handle incorrectly. */
export const hostileValue = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  { weight: 3, arbitrary: hostileNumber },
  oneOf(null, true, [], {}, [[[[]]]], [null], { length: 3 }, { toString: 1 }, { valueOf: null }),
  fc.jsonValue(),
);

/** A valid document with one or more invalid values. */
const corrupted = <T extends object>(good: T) =>
  fc
    .record(
      Object.fromEntries(
        Object.keys(good).map((key) => [key, fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, hostileValue)]),
      ),
    )
    .map((bad) => ({ ...good, ...Object.fromEntries(Object.entries(bad).filter(([, value]) => value !== undefined)) }));

const corruptedDocument = fc.oneof(
  corrupted({ firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' }),
  corrupted({ name: 'Mug', price: 4.5, description: 'Blue', quantityAvailable: 3, productType: 'Kitchen' }),
  corrupted({ customerId: CUSTOMER, products: [{ productId: THERMOS, orderedQuantity: 1 }] }),
  fc
    .array(fc.oneof(hostileValue, corrupted({ productId: THERMOS, orderedQuantity: 1 })), { maxLength: 5 })
    .map((products) => ({ customerId: CUSTOMER, products })),
  hostileValue,
);

const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);
const line = `{"productId": "${THERMOS}", "orderedQuantity": 1}`;
/** Bodies that no JSON encoder writes. */
export const ODD_BODIES = [
  '',
  ' ',
  'null',
  'NaN',
  '{"price": NaN}',
  '{"price": 1e999, "quantityAvailable": -1e999}',
  '{"firstName": "a", "firstName": "b", "FIRSTNAME": {}, "firstname": []}',
  '{"__proto__": {"firstName": "x"}, "constructor": {"prototype": {}}, "toString": null, "hasOwnProperty": 1}',
  `{"customerId": "${CUSTOMER}", "products": {"__proto__": [${line}], "length": 1, "0": ${line}}}`,
  `{"customerId": "${CUSTOMER}", "products": [{"__proto__": ${line}}]}`,
  `{"customerId": "${CUSTOMER}", "products": [${line}, ${line.replace('1}', '2147483647}')}]}`,
  '{"firstName": "\\ud800", "lastName": "\\u0000", "email": "a@b.c"}',
  '{"firstName": "\\x41"}',
  `{"customerId": ${nested('[', ']', 100_000)}}`,
  `{"products": ${nested('[', ']', 100_000)}}`,
  nested('[', ']', 100_000),
  '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
  '['.repeat(100_000),
  `{"customerId": "${CUSTOMER}", "products": [${'0,'.repeat(500_000)}0]}`,
  `{${Array.from({ length: 50_000 }, (_, n) => `"k${n}":0`).join()}}`,
  `{"quantityAvailable": ${'9'.repeat(100_000)}}`,
  '\uFEFF{}',
  '{} trailing',
];
const hostileBody = fc.oneof(
  { weight: 12, arbitrary: corruptedDocument.map(json) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  // A name whose bytes are not UTF-8.
  {
    weight: 1,
    arbitrary: oneOf(json({ firstName: 'J?rg', lastName: '?', email: 'j@r.de' })).map((good) =>
      good.map((byte) => (byte === 0x3f ? 0xf6 : byte)),
    ),
  },
  { weight: 2, arbitrary: oneOf(...ODD_BODIES).map((text) => Buffer.from(text)) },
);

const hostileId = fc.oneof(
  oneOf(
    THERMOS,
    CUSTOMER,
    '00000000-0000-0000-0000-000000000000',
    '7',
    '%E0%A4%A',
    '%',
    '%00',
    '%ff',
    '%C3%28',
    '..',
    '.%2e',
    '%2F',
    '%0d%0aX-Evil:%201',
    '%F0%9F%92%A5',
    '%ED%A0%80',
    'x'.repeat(10_000),
    '[object Object]'.replace(' ', '+'),
    '__proto__',
  ),
  fc.string({ unit: 'grapheme' }).map((text) => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, ''))),
);
const hostileCount = fc.oneof(
  oneOf(
    '',
    '-1',
    '0',
    '1e309',
    '99999999999999999999',
    '999999999',
    '2147483648',
    '0x10',
    'NaN',
    '+5',
    '%00',
    '%E0%A4%A',
    ' 1'.trim(),
    '1,2',
  ),
  hostileNumber.map(String),
);
const path = fc.oneof(
  oneOf(
    '/customer',
    '/product',
    '/products',
    '/order',
    '/health',
    '/nothing',
    '',
    '/',
    '//',
    '/order/',
    '/order//cancel',
  ),
  hostileId.chain((id) => oneOf(`/order/${id}`, `/order/${id}/cancel`, `/product/${id}`, `/${id}`)),
  fc
    .tuple(hostileCount, hostileCount)
    .chain(([offset, limit]) =>
      oneOf(
        `/products?paginationOffset=${offset}&paginationLimit=${limit}`,
        `/products?paginationLimit=${limit}&paginationLimit=${offset}`,
        `/products?paginationLimit[]=${limit}&paginationOffset[a][b]=${offset}&__proto__[x]=1`,
      ),
    ),
);
const header = fc.oneof(
  oneOf(
    'Content-Type: application/json; charset=latin1',
    'Content-Type: application/json; charset=ISO-8859-1',
    'Content-Type: text/plain; charset=utf-16le',
    'Content-Type: text/plain; charset=klingon',
    'Content-Type: application/json; charset="',
    'Content-Type: multipart/form-data',
    'Content-Type: ;;;',
    'Content-Type: \xff\xfe',
    'Content-Encoding: gzip',
    'Content-Encoding: deflate',
    'Content-Encoding: br',
    'Content-Encoding: zstd, gzip',
    'Content-Encoding: \xe9',
    'Expect: 100-continue',
    'Expect: a miracle',
    'Accept: image/png',
    'X-Request-ID: trace-1',
    `X-Request-ID: ${'x'.repeat(9_000)}`,
    'X-Request-ID: \xe9\x80',
    'X-HTTP-Method-Override: DELETE',
    'If-None-Match: *',
    'Range: bytes=0-1',
    'Upgrade: websocket',
    'Transfer-Encoding: gzip',
    'Content-Length: -1',
    'Host: another',
    'No colon at all',
    `X-Long: ${'x'.repeat(20_000)}`,
  ),
  fc
    .tuple(oneOf('Content-Type', 'X-Request-ID', 'Cookie', 'Accept-Encoding'), fc.string())
    .map((pair) => pair.join(': ')),
);
const headers: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string[]>(['Host: shop']) },
  { weight: 2, arbitrary: fc.array(header, { maxLength: 3 }).map((more) => ['Host: shop', ...more]) },
  fc.constantFrom<string[]>([], ['Host: ']),
);
/** A request with few or many faults. */
export const hostileRequest: fc.Arbitrary<RawRequest> = fc
  .record({
    method: fc.oneof(
      { weight: 6, arbitrary: fc.constant('POST') },
      { weight: 2, arbitrary: oneOf('GET', 'DELETE') },
      oneOf('HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY', 'GETT', 'post'),
    ),
    target: fc
      .tuple(oneOf('/orderManagement', '/order-management', '/paymentProcessing', ''), path)
      .map((parts) => parts.join('') || '/'),
    headers,
    body: fc.option(hostileBody, { freq: 8, nil: null }),
  })
  .map(({ body, ...request }) => ({ ...request, ...(body ? { body } : {}) }));
