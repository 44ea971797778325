import { expect, test } from '@jest/globals';
import { toOrderJson } from './json';

const order = {
  orderId: '6f9c62f6-4a3e-4d4b-9a5e-0c1c8f7f6b11',
  customerId: null,
  orderStatus: 'placed',
  paymentStatus: 'pending',
  lines: [],
};

test.each([
  ['a date', new Date('2024-04-14T04:28:31Z'), '2024-04-14T04:28:31.000Z'],
  ['no date', null, null],
  ['a date that PostgreSQL stores and JavaScript cannot represent', new Date('infinity'), null],
])('an order of the original with %s can be listed', (_, orderDate, expected) => {
  expect(toOrderJson({ ...order, orderDate })).toMatchObject({ orderDate: expected });
});
