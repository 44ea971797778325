import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buildWithGo, cachedPrograms, cacheFor, GO_FOLDERS } from './program-cache';
import { findProgram, runProgram } from './programs';
import type { Print } from './progress';

/** The last version that `go install` can build: later ones have a replace directive in go.mod. */
const VERSION = '1.5.1';
const RELEASES = 'https://github.com/temporalio/cli/releases/download';
const ANSWER_WITHIN_MS = 15_000;
const DOWNLOAD_WITHIN_MS = 10 * 60_000;

export interface CliSources {
  /** The folder that keeps the program once it was downloaded or built. */
  cache: string;
  releases: string;
  /** Folders that may contain Go although they are not on the PATH. */
  goIn: string[];
}

const defaultSources = (): CliSources => ({
  cache: cacheFor(`temporal-${VERSION}`),
  releases: RELEASES,
  goIn: GO_FOLDERS,
});

/**
 * Finds Temporal's CLI: on the PATH, in the cache, by a download from GitHub, or by a build with Go.
 *
 * @throws {SetupError} if it cannot be downloaded or built
 */
export async function findTemporalCli(
  print: Print,
  { cache, releases, goIn }: CliSources = defaultSources(),
): Promise<string> {
  const onPath = findProgram('temporal');
  if (onPath) return onPath;
  const [cli] = await cachedPrograms(print, {
    what: "Temporal's CLI",
    cache,
    names: ['temporal'],
    methods: {
      'downloading it from GitHub': (folder) => download(releases, folder),
      'building it with Go, which takes 3 to 12 minutes': (folder) =>
        buildWithGo([`github.com/temporalio/cli/cmd/temporal@v${VERSION}`], folder, goIn),
    },
    remedy: 'Install it (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.',
  });
  return cli!;
}

/** Returns the CLI's options for the configured server. The CLI reads TEMPORAL_API_KEY from the environment itself. */
export const serverArguments = ({
  TEMPORAL_ADDRESS,
  TEMPORAL_NAMESPACE,
  TEMPORAL_TLS,
}: {
  TEMPORAL_ADDRESS: string;
  TEMPORAL_NAMESPACE: string;
  TEMPORAL_TLS: 'on' | 'off';
}): string[] => [
  '--address',
  TEMPORAL_ADDRESS,
  '--namespace',
  TEMPORAL_NAMESPACE,
  ...(TEMPORAL_TLS === 'on' ? ['--tls'] : []),
];

async function download(releases: string, folder: string): Promise<void> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `${releases}/v${VERSION}/temporal_cli_${VERSION}_${process.platform}_${arch}.tar.gz`;
  const abort = new AbortController();
  const answerTimeout = setTimeout(
    () => abort.abort(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)),
    ANSWER_WITHIN_MS,
  );
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(DOWNLOAD_WITHIN_MS)]),
    });
    clearTimeout(answerTimeout);
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const archive = join(folder, 'temporal.tar.gz');
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    await runProgram('tar', ['-xzf', archive, '-C', folder, 'temporal']);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Error(`${url}: ${error instanceof Error ? error.message : String(error)}${cause}`, { cause: error });
  } finally {
    clearTimeout(answerTimeout);
  }
}
