import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '@shop/dev/setup-error';

const startedAt = Date.now();

/** Prints a line with the seconds since the start of the test. */
export const print = (line: string): void =>
  void process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);

/**
 * Sets up a system in a temporary folder, checks it, and stops it, also after an interrupt. Removes the folder if all
 * checks have passed. Ends this process with exit code 0 if they have, else with 1.
 *
 * @param check returns whether all checks have passed
 * @param repeatCommand the command that repeats the test, which is printed if it fails
 */
export async function runSystemTest<T extends { stop(): Promise<void> }>({
  name,
  setUp,
  check,
  repeatCommand,
}: {
  name: string;
  setUp: (folder: string) => Promise<T>;
  check: (system: T) => Promise<boolean>;
  repeatCommand?: string;
}): Promise<never> {
  const folder = mkdtempSync(join(tmpdir(), `order-placement-${name}-`));
  chmodSync(folder, 0o755); // PostgreSQL uses it and does not run as root
  let system: T | null = null;
  let passed = false;
  try {
    system = await setUp(folder);
    passed = await orInterrupt(check(system));
  } catch (error) {
    // The message of a SetupError states what to do; for other errors, the stack shows the origin.
    print(error instanceof SetupError ? error.message : String(error instanceof Error ? error.stack : error));
  }
  await system?.stop();
  if (passed) rmSync(folder, { recursive: true, force: true });
  else {
    print(`The logs are in ${join(folder, 'logs')}.`);
    if (repeatCommand !== undefined) print(`To repeat the test: ${repeatCommand}`);
  }
  print(passed ? 'All checks passed.' : 'The test FAILED.');
  process.exit(passed ? 0 : 1);
}

/** Waits for a result. @throws {Error} at the first SIGINT or SIGTERM; later ones are ignored while the system stops */
async function orInterrupt<T>(result: Promise<T>): Promise<T> {
  const interrupt = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => reject(new Error(`Interrupted by ${signal}.`)));
    }
  });
  return Promise.race([result, interrupt]);
}
