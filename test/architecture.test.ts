import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { packageOf, readSourceFiles, type SourceFile } from './source-files';

const files = readSourceFiles();
const isTest = ({ path }: SourceFile): boolean => path.startsWith('test/') || path.endsWith('.test.ts');
const code = files.filter((file) => !isTest(file));
const isIn = (folder: string) => (file: SourceFile) => file.path.startsWith(`${folder}/`);

/** Lists each forbidden import as `file imports module`, so that a failure names the line to change. */
function imports(from: SourceFile[], forbidden: (module: string, file: SourceFile) => boolean): string[] {
  return from.flatMap((file) =>
    file.imports.filter((module) => forbidden(module, file)).map((module) => `${file.path} imports ${module}`),
  );
}

const isTool = (module: string): boolean =>
  /^(@shop\/(dev|cluster|dashboards|faults|bench)\/|\.\/(tools|test)\/)/.test(module);
const isOfPackage =
  (name: string, folder = name) =>
  (module: string) =>
    module.startsWith(`@shop/${name}/`) || module.startsWith(`./${folder}/`);

const isSdk = (module: string): boolean =>
  /^@opentelemetry\/(?!api$)|^@temporalio\/interceptors-opentelemetry/.test(module);

describe('the imports of this repository', () => {
  test.each(['workflows', 'order-management', 'payment-processing', 'prisma', 'packages'])(
    '%s imports no tool and no test helper',
    (folder) => {
      const product = code.filter(isIn(folder));
      expect(product).not.toEqual([]);
      expect(imports(product, isTool)).toEqual([]);
    },
  );

  test.each([
    ['order-management', isOfPackage('payment-processing')],
    ['payment-processing', isOfPackage('order-management')],
    ['workflows', (module: string) => module.startsWith('@shop/') && !module.startsWith('@shop/workflows/')],
    ['packages/runtime', isOfPackage('amqp', 'packages/amqp')],
    ['prisma', (module: string) => module.startsWith('@shop/') && !module.startsWith('@shop/prisma/')],
  ])('%s imports no package that builds on it, and no sibling', (folder, forbidden) => {
    expect(imports(code.filter(isIn(folder)), forbidden)).toEqual([]);
  });

  test('orders/ imports nothing from saga/', () => {
    const orders = files.filter(isIn('order-management/orders'));
    expect(imports(orders, (module) => module.startsWith('./order-management/saga/'))).toEqual([]);
  });

  test('workflow code imports nothing but workflow code and its deterministic libraries', () => {
    const bundled = reachableFrom(['workflows/place-order.ts', 'workflows/refund-payment.ts']);
    expect(bundled.length).toBeGreaterThan(2);
    const allowed = ['@temporalio/common', '@temporalio/workflow'];
    expect(imports(bundled, (name) => !allowed.includes(name) && !name.startsWith('./workflows/'))).toEqual([]);
  });

  test("only one file loads OpenTelemetry's SDK, and it is loaded only if tracing is on", () => {
    const users = new Set(code.filter(({ imports: modules }) => modules.some(isSdk)).map(({ path }) => path));
    const folder = 'packages/runtime/tracing';
    expect([...users].toSorted()).toEqual([
      `${folder}/reported-exporter.ts`,
      `${folder}/span-ids.ts`,
      `${folder}/tracing-sdk.ts`,
    ]);
    const loads = imports(code, (module) => [...users].includes(`${module.slice(2)}.ts`));
    expect(loads.toSorted()).toEqual([
      `${folder}/tracing-sdk.ts imports ./${folder}/reported-exporter`,
      `${folder}/tracing-sdk.ts imports ./${folder}/span-ids`,
      `${folder}/tracing.ts imports ./${folder}/tracing-sdk`, // its type, and a require() if tracing is on
      `${folder}/tracing.ts imports ./${folder}/tracing-sdk`,
    ]);
  });

  test('a file of another package is imported by the name of the package, except test helpers', () => {
    expect(imports(files, crossesPackages)).toEqual([]);
  });

  test('a package declares every package that it imports', () => {
    const packages = code.filter((file) => file.package !== '.' && file.package !== 'tools/bench');
    expect(imports(packages, isUndeclared)).toEqual([]);
  });
});

/** The files that a bundle of these entry points contains. */
function reachableFrom(entryPoints: string[]): SourceFile[] {
  const found = new Map<string, SourceFile>();
  const visit = (path: string): void => {
    const file = files.find((one) => one.path === path);
    if (!file || found.has(path)) return;
    found.set(path, file);
    for (const module of file.imports) if (module.startsWith('./')) visit(`${module.slice(2)}.ts`);
  };
  for (const path of entryPoints) visit(path);
  return [...found.values()];
}

const crossesPackages = (module: string, file: SourceFile): boolean =>
  module.startsWith('./') &&
  !(isTest(file) && module.startsWith('./test/')) &&
  packageOf(module.slice(2)) !== file.package;

function isUndeclared(module: string, file: SourceFile): boolean {
  const isBuiltIn = module.startsWith('node:') || builtinModules.includes(module);
  return !module.startsWith('.') && !isBuiltIn && !importableBy(file.package).has(packageName(module));
}

/** The part of a module's name that package.json lists: `@scope/name` or `name`. */
const packageName = (module: string): string =>
  module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');

/** The packages that a package may import: those that its package.json names, and itself. */
function importableBy(folder: string): Set<string> {
  const text = readFileSync(join(__dirname, '..', folder, 'package.json'), 'utf8');
  const manifest = JSON.parse(text) as { name: string; dependencies?: object; devDependencies?: object };
  return new Set([manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })]);
}
