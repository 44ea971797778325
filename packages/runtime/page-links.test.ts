import { expect, test } from '@jest/globals';
import { pageLinks } from './page-links';

const next = { cursor: 'n' };
const prev = { cursor: 'p' };
const relationsOf = (header: string): string[] => [...header.matchAll(/rel="(\w+)"/g)].map(([, name = '']) => name);

test('links to the related pages', () => {
  expect(pageLinks({ filter: 'price > 5' }, { next, prev: null, first: {} })).toBe(
    '<?filter=price+%3E+5&cursor=n>; rel="next", <?filter=price+%3E+5>; rel="first"',
  );
});

test.each([
  [{ next, prev, first: {} }, ['next']],
  [{ next: null, prev, first: {} }, ['prev']],
])('has one link if the query is too long for several: %j', (pages, relations) => {
  const filter = `name != '${'「'.repeat(1_500)}'`; // 13,500 characters, encoded

  const header = pageLinks({ filter }, pages);

  expect(relationsOf(header)).toEqual(relations);
  expect(header.length).toBeLessThan(14_000);
});
