import { constantFrom, double, integer, oneof, record, sample, uuid, type Arbitrary } from 'fast-check';

const ORDER = '6f9c62f6-4a3e-4d4b-9a5e-0c1c8f7f6b11';
const CUSTOMER = 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce';

/** Amounts around the limit of 1000 and around what a decimal or a double can hold, as JSON writes them. */
const amount: Arbitrary<string> = oneof(
  { weight: 4, arbitrary: integer({ min: 99_000, max: 101_000 }).map((cents) => String(cents / 100)) },
  { weight: 4, arbitrary: integer({ min: -50, max: 50 }).map((steps) => String(1_000 + steps * Number.EPSILON * 512)) },
  { weight: 3, arbitrary: double({ min: 999.99, max: 1_000.01, noNaN: true }).map(String) },
  { weight: 3, arbitrary: double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 1, arbitrary: integer().map((whole) => `${whole}e${whole % 300}`) },
  constantFrom('1000', '1000.0', '1E3', '10.00e2', '1000.004', '1000.005', '1000.0000000001', '1000.00000000000001'),
  constantFrom('0', '-0', '-5', '0.001', '1e-7', '5e-324', '1e-400', '1e16', '1e21', '1.7976931348623157e308'),
);

/** The requests that senders may be expected to send, with every kind of number. */
export const generatedMessages = (seed: number, count: number): string[] =>
  sample(record({ orderId: uuid(), customerId: uuid(), totalAmount: amount }), { seed, numRuns: count }).map(
    ({ orderId, customerId, totalAmount }) =>
      `{"orderId":"${orderId}","customerId":"${customerId}","totalAmount":${totalAmount}}`,
  );

const withAmount = (totalAmount: string): string =>
  `{"orderId":"${ORDER}","customerId":"${CUSTOMER}","totalAmount":${totalAmount}}`;
const withId = (orderId: string): string => `{"orderId":${orderId},"customerId":"${CUSTOMER}","totalAmount":90}`;
const digits = ORDER.replaceAll('-', '');

const NUMBERS = [
  '1e400',
  '-1e400',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  'NaN',
  'Infinity',
  '1_000',
  '"90"',
  '""',
  'true',
  '[]',
  '{}',
  'null',
  '9007199254740993',
  '1' + '0'.repeat(300),
  '1' + '0'.repeat(400),
  '0.' + '0'.repeat(400) + '1',
  '1e-999999999',
];

const IDS = [
  `"${ORDER.toUpperCase()}"`,
  `"{${ORDER}}"`,
  `"(${ORDER})"`,
  `"x${ORDER}\\n"`,
  `"é${ORDER}"`,
  `"${ORDER}é"`,
  `"urn:uuid:${ORDER}"`,
  `"URN:UUID:${ORDER.toUpperCase()}"`,
  `"urn:uuid:{${ORDER}}"`,
  `"urn:guid:${ORDER}"`,
  `"${digits}"`,
  `"${digits.toUpperCase()}"`,
  `"{${digits}}"`,
  `"${ORDER.replaceAll('-', ' ')}"`,
  `"${ORDER.slice(1)}"`,
  `" ${ORDER}"`,
  `"${ORDER.replace('6', 'g')}"`,
  `"\\u0036${ORDER.slice(1)}"`,
  '"00000000-0000-0000-0000-000000000000"',
  '""',
  'null',
  '5',
  'true',
  '{}',
  '[]',
  `["${ORDER}"]`,
  '[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]',
];

/** Messages that decoders of different languages read differently. */
export const HOSTILE_MESSAGES: string[] = [
  ...NUMBERS.map(withAmount),
  ...IDS.map(withId),
  // fields
  '{}',
  'null',
  `{"orderId":"${ORDER}"}`,
  `{"totalAmount":2000}`,
  `{"ORDERID":"${ORDER}","CUSTOMERID":"${CUSTOMER}","TOTALAMOUNT":90}`,
  `{"orderid":"${ORDER}","cu\\u017FtomerId":"${CUSTOMER}","totalamount":90}`,
  `{"orderId":"${ORDER}","totalAmount":90,"totalAmount":2000}`,
  `{"orderId":"${ORDER}","totalAmount":2000,"totalAmount":90}`,
  `{"orderId":"${ORDER}","totalAmount":1,"TotalAmount":2000,"totalAmount":3}`,
  `{"orderId":"${ORDER}","totalAmount":3,"TOTALAMOUNT":2000}`,
  `{"orderId":"${ORDER}","totalAmount":90,"totalAmount":null}`,
  `{"orderId":"${ORDER}","totalAmount":"90","totalAmount":90}`,
  `{"orderId":"${ORDER}","orderId":null,"totalAmount":90}`,
  `{"order\\u0049d":"${ORDER}","total\\u0041mount":90}`,
  `{"orderId ":"${ORDER}","total_amount":90}`,
  `{"orderId":"${ORDER}","totalAmount":90,"currency":"USD","lines":[{"totalAmount":2000},"}",{"a":"\\"],"}]}`,
  `{"orderId":"${ORDER}","totalAmount":90,"__proto__":{"totalAmount":2000}}`,
  ` {\t"orderId" :\n"${ORDER}" ,\r"totalAmount" : 90 } `,
  // syntax
  '',
  ' ',
  'not json',
  '[]',
  '5',
  'true',
  '"text"',
  '\uFEFF{}',
  '{}{}',
  '{"totalAmount":90',
  '{"totalAmount":90,}',
  "{'totalAmount':90}",
  '{totalAmount:90}',
  '{"totalAmount":90}\0',
  '{"a":"\u0001"}',
  '{"a":"\\x41"}',
  '{"a":"\\uD800","totalAmount":90}',
];
