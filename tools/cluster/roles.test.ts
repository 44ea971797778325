import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder';
import { readRoles, rolesFile, writeRoles } from './roles';
import { layoutOf, type Layout } from './layout';

let layout: Layout;
beforeEach(() => {
  layout = layoutOf(temporaryFolder('roles'), 20_000);
});
afterEach(() => rmSync(layout.folder, { recursive: true }));

test('a new cluster begins with its first server as the primary', () => {
  expect(readRoles(layout)).toEqual({ primary: 1, secondaries: [2, 3] });
});

test('roles are read as they were written, and written as the load balancer reads them', () => {
  writeRoles(layout, { primary: 3, secondaries: [1, 2] });

  expect(readRoles(layout)).toEqual({ primary: 3, secondaries: [1, 2] });
  expect(readFileSync(rolesFile(layout), 'utf8')).toBe(
    'primary postgres-3\nsecondary-1 postgres-1\nsecondary-2 postgres-2\n',
  );
});

test('a file that names no primary is refused, with what to write', () => {
  writeFileSync(rolesFile(layout), 'secondary-1 postgres-1\nsecondary-2 postgres-2\n');

  expect(() => readRoles(layout)).toThrow(/does not say which server is primary: write "primary postgres-1"/);
});
