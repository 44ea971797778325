import { expect, test } from '@jest/globals';
import { ANONYMOUS, type Caller } from './caller';
import { scopedKey } from './scoped-key';

const operator = (actor: string): Caller => ({ actor, role: 'operator', customerId: null });
const customer = (actor: string, customerId: string): Caller => ({ actor, role: 'customer', customerId });

test('a key without authentication is stored as it is sent, as before', () => {
  expect(scopedKey(ANONYMOUS, 'checkout-1')).toBe('checkout-1');
});

test('the same key of different callers differs', () => {
  const callers = [
    ANONYMOUS,
    operator('api-key:11111111'),
    operator('api-key:22222222'),
    operator('jwt:anonymous'),
    customer('api-key:33333333', 'c1'),
    customer('api-key:33333333', 'c2'),
  ];
  expect(new Set(callers.map((caller) => scopedKey(caller, 'checkout-1'))).size).toBe(callers.length);
});

test('a customer keeps its keys when its credential changes', () => {
  expect(scopedKey(customer('api-key:1', 'c1'), 'k')).toBe(scopedKey(customer('jwt:ann', 'c1'), 'k'));
});

test('the last space separates the key, which has none, from a subject that may have some', () => {
  expect(scopedKey(operator('jwt:ann lee'), 'k')).toBe('jwt:ann lee k');
});
