import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { createLog } from '@shop/runtime/log';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { Runtime } from '@temporalio/worker';
import { countPromises } from './measurement/count-promises';

/**
 * Implements `make bench-promises`: prints the number of promises that workflow code creates for each recorded saga.
 *
 * Usage: promises.js [--places] [history.json …]. `--places` adds the number for each line of the saga's code. The default
 * is all histories of the repository.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { places: { type: 'boolean' } }, allowPositionals: true });
  const folder = join(require.resolve('@shop/workflows/package.json'), '..', 'histories');
  const files = positionals.length > 0 ? positionals : readdirSync(folder).map((name) => join(folder, name));

  setFlagsFromString('--stack-trace-limit=50'); // frames; the SDK's own frames above the saga's line can exceed the default, 10
  installTemporalRuntime(createLog('bench', 'silent'));
  try {
    for await (const { file, promises, places } of countPromises(files)) {
      print(promises, basename(file, '.json'));
      if (values.places) for (const [place, count] of places) print(count, `    ${place}`);
    }
  } finally {
    await Runtime.instance().shutdown();
  }
}

function print(count: number, what: string): void {
  process.stdout.write(`${String(count).padStart(4)}  ${what}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
