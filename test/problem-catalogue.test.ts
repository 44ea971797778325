import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { PROBLEMS } from '@shop/runtime/problem-catalogue';
import { ROOT } from './documents';
import { readSourceFiles } from './source-files';

// The compiler checks that every code in use is in the catalogue.

const code = readSourceFiles()
  .filter(({ path }) => !/\.test\.ts$|^test\/|problem-catalogue\.ts$/.test(path))
  .map(({ path }) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');
const documentation = readFileSync(join(ROOT, 'docs', 'api.md'), 'utf8').replaceAll(/ +/g, ' ');

describe.each(Object.entries(PROBLEMS))('the problem %s', (name, { status, title, description }) => {
  test('is used', () => expect(code).toContain(`'${name}'`));

  test('is listed in docs/api.md', () => expect(documentation).toContain(`| ${status} | \`${name}\` | ${title} |`));

  test('is explained in sentences, under a title without a full stop', () => {
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(description).toMatch(/^[A-Z`].*\.$/);
  });
});
