import { expect, test } from '@jest/globals';
import type { Expression } from './expression';
import { orderSearch } from './order-search';
import { countStatement } from './range-statement';

const PRICE: Expression = { kind: 'comparison', field: 'price', operator: '>', values: ['1'] };

test.each([
  [10, false],
  [11, true],
  [50, true],
])('checks a filter of %d comparisons of lines row by row: %s', (comparisons, isRowByRow) => {
  const not: Expression = { kind: 'not', term: PRICE };
  const others = Array.from({ length: comparisons - 1 }, () => PRICE);
  const expression: Expression = { kind: 'and', terms: [not, ...others] };

  const { text } = countStatement({ searchable: orderSearch, expression }, 1);

  expect(text.includes('OFFSET 0')).toBe(isRowByRow);
});
