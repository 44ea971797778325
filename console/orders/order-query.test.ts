import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  isFiltered,
  readFilter,
  quoted,
  toApiQuery,
  withFilter,
  withPageOf,
  withSort,
  type OrderFilter,
} from './order-query';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe('the address of the page of orders', () => {
  const value = fc.string({ minLength: 1 }).map((text) => text.trim() || 'x');
  const time = fc.option(fc.date({ noInvalidDate: true }).map((date) => date.toISOString()));
  const filters: fc.Arbitrary<OrderFilter> = fc.record({
    status: value,
    payment: value,
    reason: value,
    customerId: value,
    productId: value,
    product: value,
    from: time,
    to: time,
    expression: value,
  });

  test('keeps every filter', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const address = withFilter(query(''), filter).toString();
        expect(readFilter(query(address))).toEqual(filter);
      }),
    );
  });

  test('loses a filter that is emptied, and keeps parameters that the form does not show', () => {
    const changed = withFilter(query('order_status=placed&price[gt]=5'), { status: '' });

    expect(changed.toString()).toBe('price%5Bgt%5D=5');
  });

  test('begins at the first page when a filter or the sort changes', () => {
    const later = query('order_status=placed&cursor=abc&offset=50');

    expect(withFilter(later, { payment: 'failed' }).toString()).toBe('order_status=placed&payment_status=failed');
    expect(withSort(later, 'order_date').toString()).toBe('order_status=placed&sort=order_date');
  });

  test('sorts in the other direction when the same key is chosen again', () => {
    const once = withSort(query(''), 'product_name');

    expect([once.get('sort'), withSort(once, 'product_name').get('sort')]).toEqual(['-product_name', 'product_name']);
  });

  test('takes only the place of a linked page', () => {
    const linked = query('cursor=abc&limit=1000&order_status=shipped');

    expect(withPageOf(query('order_status=placed'), linked).toString()).toBe('order_status=placed&cursor=abc');
  });
});

test.each([
  ['', false],
  ['sort=price&limit=5&cursor=abc', false],
  ['order_status=placed', true],
  ['price[gt]=5', true],
])('a list of "%s" has filters: %s', (text, expected) => {
  expect(isFiltered(query(text))).toBe(expected);
});

test('the query of the API has the newest orders first unless the address says otherwise', () => {
  expect(toApiQuery(query('')).toString()).toBe('sort=-order_date&limit=25');
  expect(toApiQuery(query('sort=price&limit=5')).toString()).toBe('sort=price&limit=5');
});

test('a text in an expression cannot end its quotes', () => {
  expect(quoted(`O'Neil \\ Co`)).toBe(`'O\\'Neil \\\\ Co'`);
});
