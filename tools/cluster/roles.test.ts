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

test('makes the first server the primary of a new cluster', () => {
  expect(readRoles(layout)).toEqual({ primary: 1, secondaries: [2, 3] });
});

test('reads the roles that it has written, in the format of a HAProxy map', () => {
  writeRoles(layout, { primary: 3, secondaries: [1, 2] });

  expect(readRoles(layout)).toEqual({ primary: 3, secondaries: [1, 2] });
  expect(readFileSync(rolesFile(layout), 'utf8')).toBe(
    'primary postgres-3\nsecondary-1 postgres-1\nsecondary-2 postgres-2\n',
  );
});

test('reports a file without a primary, and the line to add', () => {
  writeFileSync(rolesFile(layout), 'secondary-1 postgres-1\nsecondary-2 postgres-2\n');

  expect(() => readRoles(layout)).toThrow(/names no server for primary\. Add a line such as "primary postgres-1"/);
});
