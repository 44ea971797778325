import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CANCELLATION_CODES } from './contract';

test('docs/sagas.md lists each cancellation code, and no other', () => {
  const document = readFileSync(join(__dirname, '..', 'docs', 'sagas.md'), 'utf8');
  const table = document.split('### Why an order was cancelled')[1]?.split('\n#')[0] ?? '';
  const codes = Array.from(table.matchAll(/^\| `([a-z-]+)`/gm), ([, code]) => code);

  expect(codes).toEqual([...CANCELLATION_CODES]);
});
