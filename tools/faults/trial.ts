import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const began = Date.now();

/** Says a line, and how long after the start. */
export const say = (line: string): void =>
  void process.stdout.write(`${((Date.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);

/**
 * Sets something up in a folder of its own, has it tried, and stops all of it, also where it is interrupted; the folder
 * stays only where something is wrong. Ends this process, with 0 where all holds.
 *
 * @param again how the same can be tried once more, should that be said
 */
export async function onTrial<T extends { stop(): Promise<void> }>(
  name: string,
  set: (folder: string) => Promise<T>,
  holdsIn: (subject: T) => Promise<boolean>,
  again?: string,
): Promise<never> {
  const folder = mkdtempSync(join(tmpdir(), `order-placement-${name}-`));
  chmodSync(folder, 0o755); // PostgreSQL, which does not run as root, works in it
  let subject: T | null = null;
  let holds = false;
  try {
    subject = await set(folder);
    holds = await untilInterrupted(holdsIn(subject));
  } catch (error) {
    say(String(error instanceof Error ? error.stack : error));
  }
  await subject?.stop();
  if (holds) rmSync(folder, { recursive: true, force: true });
  else say(`logs are in ${join(folder, 'logs')}${again === undefined ? '' : `; again: ${again}`}`);
  say(holds ? 'all holds' : 'FAILED');
  process.exit(holds ? 0 : 1);
}

/** @throws at a SIGINT or SIGTERM, of which only the first counts; what was waited for goes on */
async function untilInterrupted<T>(done: Promise<T>): Promise<T> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => reject(new Error(signal)));
  });
  return Promise.race([done, interrupted]);
}
