import { expect, test } from '@jest/globals';
import { JsonSize } from './json-size';

const lines = (count: number, line: object): string => JSON.stringify({ products: Array(count).fill(line) });
const LINE = { productId: 'c0ffee00-0600-4000-8000-000000000600', orderedQuantity: 1 };

/** Counts a text that arrives whole, or in parts of some characters. */
function add(text: string, partLength: number): void {
  const size = new JsonSize();
  for (let at = 0; at < text.length; at += partLength) size.add(text.slice(at, at + partLength));
}

const PARTS = [Infinity, 65_536, 7, 1];

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

test.each([
  ['nothing', ''],
  ['an order of a thousand lines', lines(1_000, LINE)],
  [
    'one of a thousand lines with six further fields each',
    lines(1_000, { ...LINE, a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }),
  ],
  ['a text of separators', JSON.stringify({ name: '{[,"\\'.repeat(20_000) })],
  ['32 levels', nested(32)],
])('%s is accepted', (_what, text) => {
  for (const length of PARTS) expect(() => add(text, length)).not.toThrow();
});

test.each([
  [
    '90,000 members',
    JSON.stringify(Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`k${at}`, 1]))),
    'values',
  ],
  ['20,000 elements', JSON.stringify({ products: Array(20_000).fill(0) }), 'values'],
  ['empty objects', `[${'{}'.repeat(20_000)}]`, 'values'],
  ['members after a text that ends with a backslash', `{"a":"\\\\",${'"b":1,'.repeat(20_000)}"c":1}`, 'values'],
  ['33 levels', nested(33), 'levels deep'],
])('%s is refused', (_what, text, reason) => {
  for (const length of PARTS) {
    expect(() => add(text, length)).toThrow(
      expect.objectContaining({ status: 413, message: expect.stringMatching(reason) }),
    );
  }
});
