import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const ROOT = join(__dirname, '..');
const SKIPPED = new Set(['node_modules', 'dist', 'generated', 'histories', '.git', '.data']);

/** A TypeScript file of this repository, and the modules that it imports. */
export interface SourceFile {
  /** Relative to the repository, for example `workflows/place-order.ts`. */
  path: string;
  /** The folder of its package.json, `.` for the repository's own. */
  package: string;
  /** As the file names them; a relative import is resolved, for example `./workflows/contract`. */
  imports: string[];
}

/** Reads every TypeScript file that is not generated. */
export function readSourceFiles(): SourceFile[] {
  return filesBelow('.')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, package: packageOf(path), imports: importsOf(path) }));
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}

/** The folder of the package.json that a file belongs to. */
export function packageOf(path: string): string {
  const folder = dirname(path);
  return folder === '.' || existsSync(join(ROOT, folder, 'package.json')) ? folder : packageOf(folder);
}

const IMPORT = /(?:\bfrom|\bimport|\b(?:import|require|require\.resolve)\()\s*'([^'\s]+)'/g;

function importsOf(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, name = '']) => {
    if (!name.startsWith('.')) return name;
    return `./${relative(ROOT, join(ROOT, dirname(path), name)).replaceAll(sep, '/')}`;
  });
}
