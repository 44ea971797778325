import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { OPERATORS, type Comparison, type Expression } from './expression';
import { decimal, text, timestamp, uuid, type FieldType } from './field-type';
import { FILTER_LIMITS, parseFilter } from './parse-filter';
import { printFilter } from './print-filter';
import { SearchError } from './search-error';

const fields: Record<string, { type: FieldType }> = {
  order_status: { type: text },
  name: { type: text },
  price: { type: decimal },
  order_date: { type: timestamp },
  customer_id: { type: uuid },
};
const ID = 'e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15';

const parse = (filter: string): Expression => parseFilter(filter, fields);
const is = (field: string, operator: Comparison['operator'], ...values: string[]): Comparison => ({
  kind: 'comparison',
  field,
  operator,
  values,
});

/** The error of a filter that has a mistake. */
function mistakeIn(filter: string): SearchError {
  try {
    parse(filter);
  } catch (error) {
    if (error instanceof SearchError) return error;
    throw error;
  }
  throw new Error(`There is no mistake in ${filter}`);
}

describe('the syntax of a filter', () => {
  test('NOT binds stronger than AND, and AND stronger than OR', () => {
    const [a, b, c] = [is('price', '=', '1'), is('price', '=', '2'), is('price', '=', '3')];
    expect(parse('price = 1 OR NOT price = 2 AND price = 3')).toEqual({
      kind: 'or',
      terms: [a, { kind: 'and', terms: [{ kind: 'not', term: b }, c] }],
    });
    expect(parse('(price=1 OR price=2) AND price=3')).toEqual({
      kind: 'and',
      terms: [{ kind: 'or', terms: [a, b] }, c],
    });
  });

  test.each<[filter: string, expected: Expression]>([
    [`order_status = 'shipped'`, is('order_status', '=', 'shipped')],
    ['order_status="shipped"', is('order_status', '=', 'shipped')],
    ["`order_status` != 'a'", is('order_status', '!=', 'a')],
    [' price\n>=\t10 ', is('price', '>=', '10')],
    ['price < -.5e1', is('price', '<', '-.5e1')],
    [`price in (1,2 , 3)`, is('price', 'IN', '1', '2', '3')],
    ['price Not In (1)', is('price', 'NOT IN', '1')],
    [
      'price between 1 and 2 and price = 3',
      { kind: 'and', terms: [is('price', 'BETWEEN', '1', '2'), is('price', '=', '3')] },
    ],
    ['price NOT BETWEEN 1 AND 2', is('price', 'NOT BETWEEN', '1', '2')],
    [`name starts_with 'Th'`, is('name', 'STARTS_WITH', 'Th')],
    [`name NOT STARTS_WITH 'Th'`, is('name', 'NOT STARTS_WITH', 'Th')],
    [`name contains 'th'`, is('name', 'CONTAINS', 'th')],
    [`name NOT CONTAINS 'th'`, is('name', 'NOT CONTAINS', 'th')],
    ['customer_id IS NULL', is('customer_id', 'IS NULL')],
    ['customer_id is not null', is('customer_id', 'IS NOT NULL')],
    [`customer_id = '${ID.toUpperCase()}'`, is('customer_id', '=', ID)],
    [`name = 'it''s'`, is('name', '=', `it's`)],
    [String.raw`name = 'it\'s \"\\\n'`, is('name', '=', `it's "\\\n`)],
    [`name = "say ""hi"""`, is('name', '=', 'say "hi"')],
    [`name = 'AND'`, is('name', '=', 'AND')],
  ])('%s', (filter, expected) => {
    expect(parse(filter)).toEqual(expected);
  });

  test.each([
    ['2026-11-01', '2026-11-01T00:00:00.000000Z'],
    ['2026-11-01T08:30:00Z', '2026-11-01T08:30:00.000000Z'],
    ['2026-11-01t08:30:00.123456789+02:00', '2026-11-01T06:30:00.123456Z'],
    ['2024-02-29 23:59:59-00:30', '2024-03-01T00:29:59.000000Z'],
  ])('reads the date %s in UTC', (date, expected) => {
    expect(parse(`order_date > '${date}'`)).toEqual(is('order_date', '>', expected));
  });
});

describe('a mistake in a filter', () => {
  test.each([
    ['', 1, 'expected "(", NOT or a field, found the end of the filter'],
    [
      'order_status',
      13,
      'expected "!=", "<", "<=", "=", ">", ">=", BETWEEN, CONTAINS, IN, IS, NOT or STARTS_WITH, found the end of the filter',
    ],
    ['price ! 5', 7, 'found "!"'],
    ['price = 5 price = 6', 11, 'expected AND, OR or the end of the filter, found "price"'],
    ['(price = 5', 11, 'expected ")", AND or OR, found the end of the filter'],
    ['price = 5)', 10, 'found ")"'],
    ['price = ', 9, 'expected a text in quotes or a number, found the end of the filter'],
    ['price = 5x', 9, 'expected a text in quotes or a number, found "5x"'],
    ['price IN ()', 11, 'expected a text in quotes or a number, found ")"'],
    ['price BETWEEN 1 OR 2', 17, 'expected AND, found "OR"'],
    [`name = 'Mug`, 12, 'the quote is not closed'],
    [`name = 'Mug\\`, 13, 'the quote is not closed'],
    ['NOT = 5', 5, 'expected "(", NOT or a field, found "="'],
    ['prize = 5', 1, 'there is no field "prize"; the fields are order_status, name, price, order_date, customer_id'],
    ['price = 5 AND __proto__ = 5', 15, 'there is no field "__proto__"'],
    [`price = '5'`, 9, 'price needs a number, such as 9.99'],
    ['price = 1e400', 9, 'price needs a number'],
    ['name = 5', 8, 'name needs a text without NUL characters, in quotes'],
    [`name = '\0'`, 8, 'name needs a text without NUL characters, in quotes'],
    [`name = '\ud800'`, 8, 'name needs a text without NUL characters, in quotes'],
    [`customer_id = 'x'`, 15, 'customer_id needs a UUID'],
    [`customer_id STARTS_WITH 'e5'`, 1, 'customer_id cannot be compared with STARTS_WITH'],
    [`order_date CONTAINS '2026'`, 1, 'order_date cannot be compared with CONTAINS'],
    [`order_date > 'yesterday'`, 14, 'order_date needs a date, such as 2026-11-01'],
    [`order_date > '2026-02-30'`, 14, 'order_date needs a date'],
    [`order_date > '0000-01-01'`, 14, 'order_date needs a date'],
    [`order_date > '9999-12-31T23:59:59-01:00'`, 14, 'order_date needs a date'],
    [`name = '😀' x`, 12, 'found "x"'], // an emoji is one character
    [`${'('.repeat(21)}price = 1${')'.repeat(21)}`, 21, 'NOT and parentheses can be nested up to 20 times'],
    [`${'NOT '.repeat(21)}price = 1`, 81, 'NOT and parentheses can be nested up to 20 times'],
    [Array(51).fill('price=1').join(' OR '), 551, 'a filter can have up to 50 comparisons'],
    [`price IN (${Array(101).fill('1').join()})`, 1, 'IN can have up to 100 values'],
    [' '.repeat(2_001), 2_001, 'it is longer than 2,000 characters'],
  ])('%j is reported at position %i', (filter, position, message) => {
    const mistake = mistakeIn(filter);
    expect(mistake.code).toBe('malformed-filter');
    expect(mistake.message).toMatch(new RegExp(`^The filter has a mistake at position ${position}: `));
    expect(mistake.message).toContain(message);
    expect(mistake.position).toBe(position);
  });

  test('any text is parsed, or its mistake is reported', () => {
    const word = fc.oneof(
      fc.constantFrom(
        ...OPERATORS,
        ...Object.keys(fields),
        'AND',
        'OR',
        'NOT',
        '(',
        ')',
        ',',
        `'`,
        '"',
        '`',
        '\\',
        '5',
        `'a'`,
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const anyText = fc
      .array(word, { maxLength: 40 })
      .chain((words) => fc.constantFrom(words.join(' '), words.join('')));
    fc.assert(
      fc.property(anyText, (filter) => {
        try {
          parse(filter);
        } catch (error) {
          expect(error).toBeInstanceOf(SearchError);
          expect((error as SearchError).position).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a printed expression is parsed to the same expression', () => {
  const value = new Map<string, fc.Arbitrary<string>>(
    Object.entries({
      text: fc.string({ unit: 'grapheme', maxLength: 8 }).filter((sample) => !sample.includes('\0')),
      numeric: fc.tuple(fc.integer(), fc.nat(99)).map(([whole, cents]) => `${whole}.${cents}`),
      uuid: fc.uuid(),
      timestamp: fc
        .date({ min: new Date(0), noInvalidDate: true, max: new Date('9999-01-01') })
        .map((date) => date.toISOString().replace('Z', '000Z')),
    }),
  );
  const comparison = fc.constantFrom(...Object.entries(fields)).chain(([field, { type }]) =>
    fc.constantFrom(...type.operators).chain((operator) => {
      const count = operator.endsWith('NULL') ? 0 : operator.endsWith('BETWEEN') ? 2 : operator.endsWith('IN') ? 3 : 1;
      return fc
        .array(value.get(type.sql) ?? fc.constant(''), { minLength: count, maxLength: count })
        .map((values) => is(field, operator, ...values));
    }),
  );
  const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      comparison,
      fc.record({ kind: fc.constant('not' as const), term: tie('expression') }),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        terms: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  }));
  fc.assert(
    fc.property(expression, (original) => {
      const printed = printFilter(original, fields);
      fc.pre(printed.length <= FILTER_LIMITS.maxLength);
      expect(parse(printed)).toEqual(original);
    }),
    { numRuns: 500 },
  );
});
