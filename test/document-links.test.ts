import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { DOCUMENTS, ROOT } from './documents';

/** The fragments that GitHub gives to the headings of a Markdown document. */
const fragmentsOf = (file: string): string[] =>
  Array.from(readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Lists the links of a document that lead to a missing file or heading. */
function brokenLinksOf(document: string): string[] {
  const links = Array.from(
    readFileSync(join(ROOT, document), 'utf8').matchAll(/\]\(([^)]+)\)/g),
    ([, link = '']) => link,
  );
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', fragment] = link.split('#');
    const file = path === '' ? join(ROOT, document) : join(ROOT, dirname(document), path);
    return !existsSync(file) || (fragment !== undefined && !fragmentsOf(file).includes(fragment));
  });
}

test.each(DOCUMENTS)('%s has no broken link', (document) => {
  expect(brokenLinksOf(document)).toEqual([]);
});

test('docs/README.md links to every document of its folder', () => {
  const index = readFileSync(join(ROOT, 'docs', 'README.md'), 'utf8');
  const inDocs = DOCUMENTS.filter((document) => document.startsWith('docs/') && document !== 'docs/README.md');
  expect(inDocs.filter((document) => !index.includes(`(${relative('docs', document)})`))).toEqual([]);
});

const FOLDERS = 'deploy|docs|order-management|packages|payment-processing|prisma|test|tools|workflows';
const PATH = new RegExp(`\`((?:${FOLDERS})/[\\w./-]*)\``, 'g');

test.each(DOCUMENTS)('every path that %s names exists', (document) => {
  const paths = Array.from(readFileSync(join(ROOT, document), 'utf8').matchAll(PATH), ([, path = '']) => path);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
