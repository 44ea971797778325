import { expect, test } from '@jest/globals';
import { toCell, toCsv } from './csv';

test.each([
  ['Mug', 'Mug'],
  ['2 × Mug, 1 × Lamp', '"2 × Mug, 1 × Lamp"'],
  ['a "large" mug', '"a ""large"" mug"'],
  ['two\nlines', '"two\nlines"'],
  [12.5, '12.5'],
  [-3, '-3'],
  [null, ''],
])('writes %j as %j', (value, cell) => {
  expect(toCell(value)).toBe(cell);
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])('writes the text %j so that no spreadsheet runs it', (text) => {
  expect(toCell(text)).toBe(`'${text}`);
});

test('separates rows as RFC 4180 does, after a byte order mark', () => {
  expect(
    toCsv([
      ['a', 'b'],
      [1, null],
    ]),
  ).toBe('\uFEFFa,b\r\n1,\r\n');
});
