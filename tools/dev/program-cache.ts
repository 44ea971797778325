import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findProgram, isRunning, runProgram } from './programs';
import { withProgress, type Print } from './progress';
import { SetupError } from './setup-error';

const UNFINISHED = 'unfinished-';

/** Folders that may contain Go although they are not on the PATH. */
export const GO_FOLDERS = ['/usr/local/go/bin'];

/** Returns the folder that keeps downloaded and built programs of one version. */
export const cacheFor = (nameAndVersion: string): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'order-placement', nameAndVersion);

/** Methods to get programs, by the text that reports their progress. Each writes the programs into the given folder. */
export type InstallMethods = Record<string, (folder: string) => Promise<void>>;

/**
 * Returns programs from the cache. If they are not cached, tries the methods in turn until one succeeds.
 *
 * @param names of the programs; their paths are returned in the same order
 * @param check the arguments with which each program must run before it is used
 * @param remedy what the person can do if every method fails
 * @throws {SetupError} if every method fails, with the reason of each
 */
export async function cachedPrograms(
  print: Print,
  {
    what,
    cache,
    names,
    check = ['--version'],
    methods,
    remedy,
  }: { what: string; cache: string; names: string[]; check?: string[]; methods: InstallMethods; remedy: string },
): Promise<string[]> {
  const cached = names.map((name) => join(cache, name));
  if (cached.every((file) => existsSync(file))) return cached;

  // The programs move into the cache only after they have run once: an interrupted attempt never looks complete.
  const unfinished = join(cache, `${UNFINISHED}${process.pid}`);
  const removeUnfinished = (): void => removeInBackground(unfinished);
  mkdirSync(unfinished, { recursive: true });
  process.once('exit', removeUnfinished);
  removeAbandoned(cache);
  const failures: string[] = [];
  try {
    for (const [how, get] of Object.entries(methods)) {
      try {
        await withProgress(print, `${what}: ${how}, once for this machine`, () => get(unfinished));
        for (const name of names) await runProgram(join(unfinished, name), check);
        for (const name of names) renameSync(join(unfinished, name), join(cache, name));
        return cached;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.push(`${how}: ${reason}`);
        print(`  not possible here: ${reason}`);
      }
    }
  } finally {
    process.off('exit', removeUnfinished);
    removeUnfinished();
  }
  throw new SetupError(
    `${what} is not on the PATH, and there is no way to get it here:\n  ${failures.join('\n  ')}\n${remedy}`,
  );
}

/** Removes what killed processes have left. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const owner = name.startsWith(UNFINISHED) ? Number(name.slice(UNFINISHED.length)) : Number.NaN;
    if (owner > 0 && !isRunning(owner)) removeInBackground(join(cache, name));
  }
}

/**
 * Removes a folder in the background: the caches of a Go build have so many files that removing them can take a minute,
 * and Ctrl-C must not wait for that. Makes it writable first, because Go makes its modules read-only, and tries
 * twice, because processes that are being stopped may still write to it.
 */
function removeInBackground(folder: string): void {
  const script = 'chmod -R u+w "$1"; rm -rf "$1" || { sleep 2; rm -rf "$1"; }';
  spawn('/bin/sh', ['-c', script, 'sh', folder], {
    env: { PATH: '/usr/bin:/bin' },
    detached: true,
    stdio: 'ignore',
  }).unref();
}

/**
 * Builds programs with Go. Its caches, up to 4.2 GB for Temporal's CLI, are in the same folder and so are removed with it. In
 * the user's module cache they would stay.
 *
 * @param packages with their versions, such as `host/path/cmd/name@v1.2.3`
 * @param folder receives the programs
 */
export async function buildWithGo(packages: string[], folder: string, goIn = GO_FOLDERS): Promise<void> {
  await goCommand(folder, goIn)('install', '-trimpath', '-ldflags', '-s -w', ...packages);
}

/**
 * Returns a function that runs Go in a folder, which gets Go's caches as well.
 *
 * @throws {Error} if Go is not installed
 */
export function goCommand(folder: string, goIn = GO_FOLDERS): (...args: string[]) => Promise<string> {
  const go = findProgram('go', { after: goIn });
  if (!go) throw new Error('Go is not installed');
  const goFolder = (name: string): string => join(folder, 'go', name);
  mkdirSync(goFolder('tmp'), { recursive: true });
  const env = {
    GOBIN: folder,
    CGO_ENABLED: '0',
    GOMODCACHE: goFolder('modules'),
    GOCACHE: goFolder('build'),
    GOTMPDIR: goFolder('tmp'),
  };
  return (...args) => runProgram(go, args, { env, cwd: folder });
}
