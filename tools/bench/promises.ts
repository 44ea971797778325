import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { createLog } from '@shop/runtime/log';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { Runtime } from '@temporalio/worker';
import { countPromises } from './measurement/count-promises';

// Implements `make bench-promises`: prints the number of promises that workflow code creates for each recorded saga.
//
//     node tools/bench/dist/promises.js [--places] [history.json …]
//
// `--places` adds the number for each line of the saga's code. The default is all sagas of the repository.
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { places: { type: 'boolean' } }, allowPositionals: true });
  const folder = join(require.resolve('@shop/workflows/package.json'), '..', 'histories');
  const sagas = readdirSync(folder).filter((name) => !name.startsWith('refund-')); // refunds are a workflow of their own
  const files = positionals.length > 0 ? positionals : sagas.map((name) => join(folder, name));

  setFlagsFromString('--stack-trace-limit=50'); // frames; the SDK's frames above the saga's line can exceed the default, 10
  installTemporalRuntime(createLog('bench', 'silent'));
  const lines: string[] = [];
  try {
    for await (const { file, promises, places } of countPromises(files)) {
      lines.push(`${format(promises)}  ${basename(file, '.json')}`);
      if (values.places) for (const [place, count] of places) lines.push(`${format(count)}      ${place}`);
    }
  } finally {
    await Runtime.instance().shutdown();
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

const format = (count: number): string => String(count).padStart(4);

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
