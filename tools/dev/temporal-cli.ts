import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { temporalSettings, type TemporalSettings } from '@shop/runtime/environment';
import { securityOf } from '@shop/runtime/temporal-security';
import { buildWithGo, cachedPrograms, cacheFor, GO_FOLDERS } from './program-cache';
import { findProgram, runProgram } from './programs';
import type { Print } from './progress';

/** The last version that `go install` can build: later ones have a replace directive in go.mod. */
const VERSION = '1.5.1';
/** The SHA-256 of each release archive, as the release's own file of checksums has it. */
const CHECKSUMS: Readonly<Record<string, string>> = {
  linux_amd64: 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  linux_arm64: 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
  darwin_amd64: 'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  darwin_arm64: 'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
};
const RELEASES = 'https://github.com/temporalio/cli/releases/download';
const ANSWER_WITHIN_MS = 15_000;
const DOWNLOAD_WITHIN_MS = 10 * 60_000;

export interface CliSources {
  /** The folder that keeps the program once it was downloaded or built. */
  cache: string;
  releases: string;
  /** The SHA-256 of the archive for each platform, such as `linux_amd64`. An archive with another one is not unpacked. */
  checksums: Readonly<Record<string, string>>;
  /** Folders that may contain Go although they are not on the PATH. */
  goIn: string[];
}

const defaultSources = (): CliSources => ({
  cache: cacheFor(`temporal-${VERSION}`),
  releases: RELEASES,
  checksums: CHECKSUMS,
  goIn: GO_FOLDERS,
});

/**
 * Finds Temporal's CLI: on the PATH, in the cache, by a download from GitHub, or by a build with Go.
 *
 * @throws {SetupError} if it cannot be downloaded or built
 */
export async function findTemporalCli(
  print: Print,
  { cache, releases, checksums, goIn }: CliSources = defaultSources(),
): Promise<string> {
  const onPath = findProgram('temporal');
  if (onPath) return onPath;
  const [cli] = await cachedPrograms(print, {
    what: "Temporal's CLI",
    cache,
    names: ['temporal'],
    methods: {
      'downloading it from GitHub': (folder) => download({ releases, checksums }, folder),
      'building it with Go, which takes 3 to 12 minutes': (folder) =>
        buildWithGo([`github.com/temporalio/cli/cmd/temporal@v${VERSION}`], folder, goIn),
    },
    remedy: 'Install it (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.',
  });
  return cli!;
}

/** The variables that select and secure the CLI's connection, and those that it must not receive. */
const CONNECTION =
  /^(TEMPORAL_(ADDRESS|NAMESPACE|API_KEY(_FILE)?|TLS(_.*)?|GRPC_META_.*|CONFIG_FILE|PROFILE)|PAYLOAD_KEYS(_FILE)?)$/;

/**
 * Returns the variables with which the CLI uses the configured server. They replace all others of this kind, and the CLI's
 * own configuration file.
 */
export function cliEnvironment(settings: TemporalSettings): NodeJS.ProcessEnv {
  const { TEMPORAL_TLS: _tls, PAYLOAD_KEYS: _keys, TEMPORAL_GRPC_META: headers = {}, ...variables } = settings;
  return {
    ...Object.fromEntries(
      Object.entries(process.env).map(([name, value]) => [name, CONNECTION.test(name) ? undefined : value]),
    ),
    ...Object.fromEntries(
      Object.keys(temporalSettings).map((name) => [name, variables[name as keyof typeof variables]]),
    ),
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        `TEMPORAL_GRPC_META_${name.toUpperCase().replaceAll('-', '_')}`,
        value,
      ]),
    ),
    TEMPORAL_TLS: String(securityOf(settings).tls !== false),
    TEMPORAL_CONFIG_FILE: '/dev/null',
  };
}

/** The platform in the name of a release archive. */
export const PLATFORM = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;

async function download(
  { releases, checksums }: Pick<CliSources, 'releases' | 'checksums'>,
  folder: string,
): Promise<void> {
  const expected = checksums[PLATFORM];
  if (expected === undefined) throw new Error(`there is no known release for ${PLATFORM}`);
  const url = `${releases}/v${VERSION}/temporal_cli_${VERSION}_${PLATFORM}.tar.gz`;
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
    const hash = createHash('sha256');
    const hashing = new PassThrough().on('data', (part: Buffer) => hash.update(part));
    await pipeline(Readable.fromWeb(response.body), hashing, createWriteStream(archive));
    const actual = hash.digest('hex');
    if (actual !== expected) throw new Error(`the archive has the SHA-256 ${actual} instead of ${expected}`);
    await runProgram('tar', ['-xzf', archive, '-C', folder, 'temporal']);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Error(`${url}: ${error instanceof Error ? error.message : String(error)}${cause}`, { cause: error });
  } finally {
    clearTimeout(answerTimeout);
  }
}
