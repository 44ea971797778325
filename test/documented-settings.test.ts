import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from './documents';
import { readSourceFiles } from './source-files';

/** A setting in a schema, such as `PORT: port(8001)`: its name, and its default if that is a literal on the same line. */
const SETTING = /\b([A-Z][A-Z_]{3,}): [a-z][\w.]*\(?(?:\[[^\]]*\], )?(?:'([^']*)'|(\d[\d_]*))?/g;

const settings = readSourceFiles()
  .filter(({ path }) => !path.endsWith('.test.ts') && !path.startsWith('tools/bench/candidates/'))
  .flatMap(({ path }) => {
    const source = readFileSync(join(ROOT, path), 'utf8');
    if (!/\breadEnvironment[(<]/.test(source)) return [];
    return Array.from(source.matchAll(SETTING), ([, name = '', text, number]) => ({
      name,
      path,
      standard: text ?? number?.replaceAll('_', ''),
    }));
  });
const rows = readFileSync(join(ROOT, 'docs', 'configuration.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => {
    const [, names = '', standard = ''] = line.split('|');
    return { names, standard };
  });

test('settings are found in the code', () => {
  const names = settings.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['PORT', 'READ_WAIT', 'LOG_LEVEL', 'ORDER_PORT', 'CLUSTER_PORT', 'SEED']),
  );
});

test.each(settings)('docs/configuration.md lists $name of $path with its default', ({ name, standard }) => {
  const documented = rows.filter(({ names }) => names.includes(`\`${name}\``));
  expect(documented).not.toEqual([]);
  if (standard) expect(documented.filter((row) => row.standard.includes(`\`${standard}\``))).not.toEqual([]);
});
