import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installDebianPackage } from '@shop/dev/debian-package';
import { buildWithGo, cachedPrograms, cacheFor } from '@shop/dev/program-cache';
import { findProgram } from '@shop/dev/programs';
import type { Print } from '@shop/dev/progress';
import { findOrInstallRabbitMq } from '@shop/dev/rabbitmq';
import { SetupError } from '@shop/dev/setup-error';

const TEMPORAL_VERSION = '1.32.0';
const TEMPORAL_UI_VERSION = '2.42.1';
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

export interface TemporalPrograms {
  server: string;
  sqlTool: string;
}

/** The programs of a cluster. */
export interface ClusterPrograms {
  haproxy: string;
  /** The folder of PostgreSQL's programs. */
  postgres: string;
  /** Null if the cluster uses a broker that is not its own. */
  rabbitMq: string | null;
  temporal: TemporalPrograms;
  temporalUi: string;
}

/** A program that Go builds, and where the result is cached. */
interface GoProgram {
  /** The names on the PATH, each with the name that Go gives the program. */
  names: Record<string, string>;
  cache: string;
}

const TEMPORAL_SERVER: GoProgram = {
  names: { 'temporal-server': 'server', 'temporal-sql-tool': 'sql' },
  cache: cacheFor(`temporal-server-${TEMPORAL_VERSION}`),
};
const TEMPORAL_UI: GoProgram = {
  names: { 'temporal-ui-server': 'server' },
  cache: cacheFor(`temporal-ui-${TEMPORAL_UI_VERSION}`),
};

/** Finds HAProxy. @returns its path, or null */
export const findHaproxy = (): string | null => findProgram('haproxy', { after: ['/usr/sbin', '/opt/homebrew/bin'] });

/** Finds PostgreSQL with `pg_basebackup`. @returns the folder of its programs, or null */
export function findPostgres(): string | null {
  // Debian does not put the server's programs on the PATH; each version has a folder.
  const versions = existsSync(DEBIAN_POSTGRES)
    ? readdirSync(DEBIAN_POSTGRES).toSorted((a, b) => Number(b) - Number(a))
    : [];
  const after = [...versions.map((version) => join(DEBIAN_POSTGRES, version, 'bin')), '/opt/homebrew/bin'];
  const initdb = findProgram('initdb', { after });
  const folder = initdb && dirname(realpathSync(initdb)); // the folder with all programs of the same version
  return folder && existsSync(join(folder, 'pg_basebackup')) ? folder : null;
}

/** Finds Temporal's server and Web UI, on the PATH or in the cache. @returns the names of those that are missing */
export const missingTemporalPrograms = (): string[] =>
  [TEMPORAL_SERVER, TEMPORAL_UI].flatMap(({ names, cache }) => {
    const isCached = Object.values(names).every((name) => existsSync(join(cache, name)));
    return isCached ? [] : Object.keys(names).filter((name) => findProgram(name) === null);
  });

/**
 * Finds the programs of a cluster; installs Debian's packages of those that are missing, and builds Temporal's with Go.
 *
 * @param ownBroker whether the cluster starts RabbitMQ
 * @throws {SetupError} if a program cannot be installed or built
 */
export async function findOrInstallPrograms(
  { ownBroker }: { ownBroker: boolean },
  print: Print,
): Promise<ClusterPrograms> {
  // Packages first: installing them takes seconds, so a failure is reported early.
  return {
    haproxy: await findOrInstall(
      'HAProxy',
      'haproxy',
      'It distributes the requests over the instances of the cluster.',
      findHaproxy,
      print,
    ),
    postgres: await findOrInstall(
      'PostgreSQL',
      'postgresql',
      'It stores the orders, the payments and the sagas of the cluster.',
      findPostgres,
      print,
    ),
    rabbitMq: ownBroker ? await findRabbitMqServer(print) : null,
    temporal: await findTemporalServer(print),
    temporalUi: await findTemporalUi(print),
  };
}

async function findOrInstall(
  what: string,
  packageName: string,
  purpose: string,
  find: () => string | null,
  print: Print,
): Promise<string> {
  if (find() === null) await installDebianPackage({ program: what, packageName, purpose }, print);
  const found = find();
  if (found === null) throw new SetupError(`${what} was not found: install it (Debian and Homebrew: ${packageName}).`);
  return found;
}

async function findRabbitMqServer(print: Print): Promise<string> {
  const found = await findOrInstallRabbitMq(print);
  if (found === null) {
    throw new SetupError('RabbitMQ was not found: install it (Debian: rabbitmq-server), or set AMQP_URL.');
  }
  return found;
}

/** Finds Temporal's server and its schema tool on the PATH or in the cache, or builds them. @throws {SetupError} */
export async function findTemporalServer(print: Print): Promise<TemporalPrograms> {
  const [server, sqlTool] = await findOrBuild(
    TEMPORAL_SERVER,
    {
      what: "Temporal's server",
      how: 'building it with Go, which takes 5 to 20 minutes',
      packages: ['server', 'tools/sql'].map((name) => `go.temporal.io/server/cmd/${name}@v${TEMPORAL_VERSION}`),
    },
    print,
  );
  return { server: server!, sqlTool: sqlTool! };
}

async function findTemporalUi(print: Print): Promise<string> {
  const [server] = await findOrBuild(
    TEMPORAL_UI,
    {
      what: "Temporal's Web UI",
      how: 'building it with Go, which takes 1 to 5 minutes',
      packages: [`github.com/temporalio/ui-server/v2/cmd/server@v${TEMPORAL_UI_VERSION}`],
    },
    print,
  );
  return server!;
}

async function findOrBuild(
  { names, cache }: GoProgram,
  { what, how, packages }: { what: string; how: string; packages: string[] },
  print: Print,
): Promise<string[]> {
  const onPath = Object.keys(names).map((name) => findProgram(name));
  if (onPath.every((program) => program !== null)) return onPath;
  return cachedPrograms(print, {
    what,
    cache,
    names: Object.values(names),
    methods: { [how]: (folder) => buildWithGo(packages, folder) },
    remedy: `Install Go (https://go.dev/dl), or put ${Object.keys(names).join(' and ')} on the PATH.`,
  });
}
