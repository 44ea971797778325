import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Access } from '@shop/runtime/access/role';
import { ROOT } from '../documents';
import { OPERATIONS } from './operations';

const CALLERS: Record<Access, string> = {
  open: 'everyone',
  any: 'customer, catalog, operator',
  customer: 'customer (own), operator',
  catalog: 'catalog, operator',
  operator: 'operator',
};

/** The operations that both services have are listed once. */
const expected = new Set(
  OPERATIONS.map(({ method, path, access }) => {
    const withoutPrefix = path.replace(/^\/(orderManagement|paymentProcessing)/, '');
    return `| \`${method} ${withoutPrefix}\` | ${CALLERS[access]} |`;
  }),
);

test('docs/security.md lists who may call each operation', () => {
  const document = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8').replaceAll(/ +/g, ' ');
  const listed = document.split('\n').filter((line) => /^\| `(GET|POST|PUT|PATCH|DELETE) /.test(line));

  expect(listed).toEqual([...expected]);
});
