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

test.each([null, 90, 'order', [], [{ orderId, totalAmount: 90 }]])(
  'reports JSON that is not an object: %j',
  (message) => {
    expect(read(message)).toEqual({ unreadable: expect.stringMatching(/^message: .*expected object/) });
  },
);
