import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { readMessage } from './read-message';

const schema = z.object({ orderId: z.guid(), totalAmount: z.number(), reason: z.string().optional() });
const orderId = '6f9c62f6-4a3e-4d4b-9a5e-0c1c8f7f6b11';

const read = (message: unknown) => readMessage(Buffer.from(JSON.stringify(message)), schema);

test('reads a message and drops unknown fields', () => {
  expect(read({ orderId, totalAmount: 90, paidAt: 'today' })).toEqual({ value: { orderId, totalAmount: 90 } });
});

test.each([
  { OrderID: orderId, TotalAmount: 90 },
  { ORDERID: orderId, totalamount: 90 },
])('accepts field names in any case, as the original system does: %j', (message) => {
  expect(read(message)).toEqual({ value: { orderId, totalAmount: 90 } });
});

test('drops a field called __proto__', () => {
  const content = Buffer.from(`{"__proto__": {"reason": "mine"}, "orderId": "${orderId}", "totalAmount": 90}`);
  expect(readMessage(content, schema)).toEqual({ value: { orderId, totalAmount: 90 } });
});

test('reports every invalid field', () => {
  const unreadable = { unreadable: expect.stringMatching(/^orderId: .+; totalAmount: .+$/) };
  expect(read({ orderId: 'mine', totalAmount: '90' })).toEqual(unreadable);
});

test.each(['', '{"orderId": ', '\u0000\u00FF'])('reports content that is not JSON: %j', (text) => {
  expect(readMessage(Buffer.from(text), schema)).toEqual({ unreadable: expect.stringMatching(/^not JSON: /) });
});

test.each([90, 'order', [], [{ orderId, totalAmount: 90 }]])('reports JSON that is not an object: %j', (message) => {
  expect(read(message)).toEqual({ unreadable: 'message: expected an object' });
});

test('reads null as an object without fields', () => {
  expect(readMessage(Buffer.from('null'), schema)).toEqual(read({}));
});

test.each([
  ['"totalAmount": 1, "totalAmount": 2', 2],
  ['"totalAmount": 1, "TOTALAMOUNT": 2', 2],
  ['"totalAmount": 1, "TOTALAMOUNT": 2, "totalAmount": 3', 3],
  ['"totalAmount": 1, "totalAmount": null', 1],
  ['"total\\u0041mount": 1, "nested": [{"totalAmount": 2}, "}", "\\\\\\"]"]', 1],
])('reads the last value of a field that occurs several times: %s', (members, totalAmount) => {
  const content = Buffer.from(`{"orderId": "${orderId}", ${members}}`);
  expect(readMessage(content, schema)).toEqual({ value: { orderId, totalAmount } });
});

test('reports an invalid value although a valid one follows', () => {
  const content = Buffer.from(`{"orderId": "${orderId}", "totalAmount": "1", "totalAmount": 2}`);
  expect(readMessage(content, schema)).toEqual({ unreadable: expect.stringMatching(/^totalAmount: /) });
});

test('reports an invalid field once, however often it occurs', () => {
  const content = Buffer.from(`{${'"orderId": "mine", '.repeat(1_000)}"totalAmount": 90}`);
  expect(readMessage(content, schema)).toEqual(read({ orderId: 'mine', totalAmount: 90 }));
});
