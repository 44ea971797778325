import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buildWithGo, cachedPrograms, cacheFor, GO_FOLDERS } from './program-cache';
import { findProgram, runProgram } from './programs';
import type { Print } from './progress';

/** The last version that Go can install without a checkout. */
const VERSION = '1.5.1';
const RELEASES = 'https://github.com/temporalio/cli/releases/download';
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
  cache: cacheFor(`temporal-${VERSION}`),
  releases: RELEASES,
  goIn: GO_FOLDERS,
});

/**
 * Finds Temporal's CLI: on the PATH, in our cache, by its vendor's download, or built with Go.
 *
 * @throws SetupError where none of these methods leads to it
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
      'downloading it': (folder) => download(releases, folder),
      'building it with Go, which takes about 3 minutes': (folder) =>
        buildWithGo([`github.com/temporalio/cli/cmd/temporal@v${VERSION}`], folder, goIn),
    },
    remedy: 'Install it (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server that runs.',
  });
  return cli!;
}

/** How the CLI is told of the server that the environment names; the key it reads from there by itself. */
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
