import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findProgram, isRunning, runProgram } from './programs';
import { sayWhile, type Say } from './progress';
import { SetUpError } from './set-up-error';

/** The last version that Go can install without a checkout. */
const VERSION = '1.5.1';
const RELEASES = 'https://github.com/temporalio/cli/releases/download';
const UNFINISHED = 'unfinished-';
const ANSWER_WITHIN_MS = 15_000;
const DOWNLOAD_WITHIN_MS = 10 * 60_000;

export interface CliSources {
  /** Where what was downloaded or built is kept for the next time. */
  cache: string;
  releases: string;
  /** Where Go may lie beside the PATH. */
  goIn: string[];
}

const defaultSources = (): CliSources => ({
  cache: join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'order-placement', `temporal-${VERSION}`),
  releases: RELEASES,
  goIn: ['/usr/local/go/bin'],
});

/**
 * Finds Temporal's CLI: on the PATH, in our cache, by its vendor's download, or built with Go.
 *
 * @throws SetUpError where none of these roads leads to it
 */
export async function findTemporalCli(
  say: Say,
  { cache, releases, goIn }: CliSources = defaultSources(),
): Promise<string> {
  const onPath = findProgram('temporal');
  if (onPath) return onPath;
  const cached = join(cache, 'temporal');
  if (existsSync(cached)) return cached;

  // Made in a folder of this process and moved when it works: an interrupted attempt leaves nothing that looks whole.
  const workshop = join(cache, `${UNFINISHED}${process.pid}`);
  mkdirSync(workshop, { recursive: true });
  removeAbandoned(cache);
  const complaints: string[] = [];
  try {
    for (const [how, get] of Object.entries(roads(releases, goIn))) {
      try {
        await sayWhile(say, `Temporal: ${how}, once for this machine`, () => get(workshop));
        await runProgram(join(workshop, 'temporal'), ['--version']);
        renameSync(join(workshop, 'temporal'), cached);
        return cached;
      } catch (error) {
        complaints.push(`${how}: ${error instanceof Error ? error.message : String(error)}`);
        say(`  not possible here`);
      }
    }
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  throw new SetUpError(
    `Temporal's CLI is not on the PATH, and cannot be had:\n  ${complaints.join('\n  ')}\n` +
      'Install it (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server that runs.',
  );
}

/** What attempts have left that were interrupted. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const maker = name.startsWith(UNFINISHED) ? Number(name.slice(UNFINISHED.length)) : Number.NaN;
    if (maker > 0 && !isRunning(maker)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

const roads = (releases: string, goIn: string[]): Record<string, (folder: string) => Promise<void>> => ({
  'downloading its CLI': (folder) => download(releases, folder),
  'building its CLI with Go, which takes about 3 minutes': (folder) => build(goIn, folder),
});

async function download(releases: string, folder: string): Promise<void> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `${releases}/v${VERSION}/temporal_cli_${VERSION}_${process.platform}_${arch}.tar.gz`;
  const abort = new AbortController();
  const patience = setTimeout(
    () => abort.abort(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)),
    ANSWER_WITHIN_MS,
  );
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(DOWNLOAD_WITHIN_MS)]),
    });
    clearTimeout(patience);
    if (!response.ok || !response.body) throw new Error(`${url} answers ${response.status}`);
    const archive = join(folder, 'temporal.tar.gz');
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    await runProgram('tar', ['-xzf', archive, '-C', folder, 'temporal']);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Error(`${url}: ${error instanceof Error ? error.message : String(error)}${cause}`, { cause: error });
  } finally {
    clearTimeout(patience);
  }
}

async function build(goIn: string[], folder: string): Promise<void> {
  const go = findProgram('go', { after: goIn });
  if (!go) throw new Error('Go is not installed');
  await runProgram(
    go,
    ['install', '-trimpath', '-ldflags', '-s -w', `github.com/temporalio/cli/cmd/temporal@v${VERSION}`],
    { env: { GOBIN: folder, CGO_ENABLED: '0' }, cwd: folder },
  );
}
