import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../test/temporary-folder';
import { bundlePaths } from './bundle-path';

const REPOSITORY = join(__dirname, '..');
const BUNDLES = (['place-order', 'refund-payment'] as const).flatMap((name) =>
  Object.entries(bundlePaths(name)).map(([kind, path]) => ({ name, kind, path })),
);

/** Copies a folder with hard links, which takes a second. If it is on another file system, copies the files. */
function copy(source: string, target: string): void {
  try {
    execFileSync('cp', ['-al', source, target], { stdio: 'ignore' });
  } catch {
    execFileSync('cp', ['-a', source, target]);
  }
}

test('the bundles are the same bytes if they are built in another folder, so that the build id is the same', () => {
  const folder = temporaryFolder('bundle');
  try {
    const checkout = join(folder, 'another', 'checkout');
    mkdirSync(checkout, { recursive: true });
    for (const name of ['node_modules', 'workflows']) copy(join(REPOSITORY, name), join(checkout, name));
    const copyOf = (path: string) => path.replace(REPOSITORY, checkout);
    for (const { path } of BUNDLES) rmSync(copyOf(path)); // it is a hard link

    execFileSync(process.execPath, [join(checkout, 'workflows', 'dist', 'build-bundles.js')]);

    for (const { path } of BUNDLES) expect(readFileSync(copyOf(path)).equals(readFileSync(path))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(BUNDLES)(
  'the source map of the $kind bundle of $name leads from the code to the TypeScript sources',
  ({ name, path }) => {
    const [code = '', map = ''] = readFileSync(path, 'utf8')
      .split(/^\/\/# sourceMappingURL=.*base64,/m)
      .slice(-2);
    const line = code.split('\n').findIndex((text) => /^(async )?function (placeOrder|refundPayment)\(/.test(text));
    const sourceMap = new SourceMap(JSON.parse(String(Buffer.from(map, 'base64'))) as SourceMapPayload);

    const { originalSource, originalLine } = sourceMap.findEntry(line, 0) as {
      originalSource: string;
      originalLine: number;
    };

    expect(originalSource).toBe(`/workflows/${name}.ts`);
    const source = readFileSync(join(REPOSITORY, originalSource), 'utf8').split('\n');
    expect(source[originalLine]).toMatch(/^export (async )?function (placeOrder|refundPayment)/);
  },
);

test.each(BUNDLES)('the $kind bundle of $name contains nothing of OpenTelemetry', ({ path }) => {
  expect(readFileSync(path, 'utf8')).not.toContain('node_modules/@opentelemetry/');
});
