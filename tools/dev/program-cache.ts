import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findProgram, isRunning, runProgram } from './programs';
import { withProgress, type Print } from './progress';
import { SetupError } from './setup-error';

const UNFINISHED = 'unfinished-';

/** Where Go may lie beside the PATH. */
export const GO_FOLDERS = ['/usr/local/go/bin'];

/** Where programs that were downloaded or built are kept for the next time. */
export const cacheFor = (nameAndVersion: string): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'order-placement', nameAndVersion);

/** Ways to get programs, by what to tell the person who waits; each puts them into the folder that it is given. */
export type InstallMethods = Record<string, (folder: string) => Promise<void>>;

/**
 * Programs from our cache; where they are not there yet, by the first road that leads to them.
 *
 * @param names of the programs, in the order in which their places are returned
 * @param remedy what the person can do where no road leads there
 * @throws SetupError with what was wrong with each road
 */
export async function cachedPrograms(
  print: Print,
  {
    what,
    cache,
    names,
    methods,
    remedy,
  }: { what: string; cache: string; names: string[]; methods: InstallMethods; remedy: string },
): Promise<string[]> {
  const cached = names.map((name) => join(cache, name));
  if (cached.every((file) => existsSync(file))) return cached;

  // Made in a folder of this process and moved when it works: an interrupted attempt leaves nothing that looks whole.
  const workshop = join(cache, `${UNFINISHED}${process.pid}`);
  mkdirSync(workshop, { recursive: true });
  removeAbandoned(cache);
  const complaints: string[] = [];
  try {
    for (const [how, get] of Object.entries(methods)) {
      try {
        await withProgress(print, `${what}: ${how}, once for this machine`, () => get(workshop));
        for (const name of names) await runProgram(join(workshop, name), ['--version']);
        for (const name of names) renameSync(join(workshop, name), join(cache, name));
        return cached;
      } catch (error) {
        complaints.push(`${how}: ${error instanceof Error ? error.message : String(error)}`);
        print(`  not possible here`);
      }
    }
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  throw new SetupError(`${what} is not on the PATH, and cannot be had:\n  ${complaints.join('\n  ')}\n${remedy}`);
}

/** What attempts have left that were interrupted. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const maker = name.startsWith(UNFINISHED) ? Number(name.slice(UNFINISHED.length)) : Number.NaN;
    if (maker > 0 && !isRunning(maker)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** Has Go build programs into a folder. @param packages with their version, such as `host/path/cmd/name@v1.2.3` */
export async function buildWithGo(packages: string[], folder: string, goIn = GO_FOLDERS): Promise<void> {
  const go = findProgram('go', { after: goIn });
  if (!go) throw new Error('Go is not installed');
  await runProgram(go, ['install', '-trimpath', '-ldflags', '-s -w', ...packages], {
    env: { GOBIN: folder, CGO_ENABLED: '0' },
    cwd: folder,
  });
}
