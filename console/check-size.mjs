import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

// Prints what a first load transfers, and fails if its JavaScript exceeds the limit.

const LIMIT_KB = 100;
const folder = join(import.meta.dirname, 'dist', 'assets');

const sizeOf = (extension) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length / 1_000, 0);

const [script, style] = [sizeOf('.js'), sizeOf('.css')];
process.stdout.write(
  `console: ${script.toFixed(1)} kB of JavaScript and ${style.toFixed(1)} kB of CSS, compressed (limit: ${LIMIT_KB} kB of JavaScript)\n`,
);
if (script > LIMIT_KB) {
  process.stderr.write('The JavaScript of the console is larger than its limit.\n');
  process.exitCode = 1;
}
