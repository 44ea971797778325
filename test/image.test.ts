import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from './documents';

// Tests which files the Dockerfile copies. dockerfile-utils checks its syntax.

interface Package {
  name: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
}

const readPackage = (folder: string): Package =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Package;

const folders = new Map(readPackage('.').workspaces?.map((folder) => [readPackage(folder).name, folder]));

/** Returns the folders of a package and of all packages of this repository that it depends on. */
function foldersOf(folder: string): string[] {
  const used = Object.keys(readPackage(folder).dependencies ?? {}).flatMap((name) => folders.get(name) ?? []);
  return [folder, ...used.flatMap(foldersOf)];
}

test.each(['order-management', 'payment-processing'])(
  'the image contains the built files of %s and of the packages that it depends on',
  (service) => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');

    const copied = [...new Set(foldersOf(service))].filter((folder) =>
      dockerfile.includes(`COPY --from=build /app/${folder}/dist ${folder}/dist`),
    );

    expect(copied).toEqual([...new Set(foldersOf(service))]);
    expect(copied).toContain('packages/runtime');
  },
);
