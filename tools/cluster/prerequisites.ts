import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { canInstallDebianPackages } from '@shop/dev/debian-package';
import { isTaken } from '@shop/dev/ports';
import { cacheFor, GO_FOLDERS } from '@shop/dev/program-cache';
import { findProgram, runProgram } from '@shop/dev/programs';
import { findRabbitMq } from '@shop/dev/rabbitmq';
import { SetupError } from '@shop/dev/setup-error';
import { connect } from 'amqplib';
import { PORT_COUNT, portsByServer, type Layout } from './layout';
import { findHaproxy, findPostgres, missingTemporalPrograms } from './programs';
import { RecordedServers } from './recorded-servers';

const GB = 1_000_000_000;
/** Go's caches while it builds Temporal's programs; measured: up to 3.3 GB of modules and 2.1 GB of compiled packages. */
const BUILD_BYTES = 6 * GB;
/** Three PostgreSQL servers with empty databases, and some WAL (measured: 0.4 GB after 850 orders). */
const DATA_BYTES = GB;
/** The first version that downloads the toolchain that a module requires. */
const OLDEST_GO = [1, 21] as const;
const BROKER_TIMEOUT_MS = 5_000;

/** The facts that the check of the prerequisites uses. */
export interface Machine {
  platform: NodeJS.Platform;
  /** Debian packages that are missing, each with its program. */
  missingPackages: { program: string; packageName: string }[];
  /** Whether this process may install Debian packages. */
  canInstall: boolean;
  /** Programs of Temporal that have to be built. */
  missingTemporalPrograms: string[];
  /** Go's version, such as `go1.26.0`; null if Go is not installed. */
  goVersion: string | null;
  /** The reason why the broker of AMQP_URL cannot be used; null if it can, or if AMQP_URL is not set. */
  brokerFailure: string | null;
  /** Ports that other programs listen on, each with the server of the cluster that needs it. */
  portsInUse: { port: number; server: string }[];
  /** The first port of a free range; null if there is no port in use. */
  freeRange: number | null;
  /** Folders without enough free space, each with the setting that moves it. */
  fullFolders: { folder: string; setting: string; purpose: string; freeBytes: number; neededBytes: number }[];
}

/**
 * Checks everything that a start of the cluster needs, before anything is installed, built or started.
 *
 * @throws {SetupError} with every problem and its solution
 */
export async function checkPrerequisites(layout: Layout, amqpUrl: string | undefined): Promise<void> {
  const problems = problemsOf(await inspectMachine(layout, amqpUrl));
  if (problems.length === 0) return;
  const count = problems.length === 1 ? 'One problem prevents' : `${problems.length} problems prevent`;
  throw new SetupError(`${count} the start of the cluster:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
}

/** Returns one text per problem, with its solution. */
export function problemsOf(machine: Machine): string[] {
  if (machine.platform !== 'linux') {
    return ['The cluster needs Linux. On other systems use: docker compose --profile cluster up -d'];
  }
  return [
    ...packageProblems(machine),
    ...goProblems(machine),
    ...(machine.brokerFailure === null
      ? []
      : [`The broker of AMQP_URL cannot be used: ${machine.brokerFailure}. Start it, or unset AMQP_URL.`]),
    ...portProblems(machine),
    ...machine.fullFolders.map(
      ({ folder, setting, purpose, freeBytes, neededBytes }) =>
        `${folder} has ${gigabytes(freeBytes)} of free space, but ${purpose} needs ${gigabytes(neededBytes)}. ` +
        `Free some space, or set ${setting} to a folder on another disk.`,
    ),
  ];
}

function packageProblems({ canInstall, missingPackages }: Machine): string[] {
  if (canInstall) return [];
  return missingPackages.map(({ program, packageName }) => {
    const alternative = packageName === 'rabbitmq-server' ? ', or set AMQP_URL to a running broker' : '';
    return (
      `${program} is not installed. Run as root: ` +
      `apt-get update && apt-get install --yes --no-install-recommends ${packageName}${alternative}`
    );
  });
}

function goProblems({ goVersion, missingTemporalPrograms: missing }: Machine): string[] {
  if (missing.length === 0) return [];
  const solution =
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} built with it once. ` +
    'Install Go 1.26 or later (https://go.dev/dl), or put these programs on the PATH.';
  if (goVersion === null) return [`Go is not installed. ${solution}`];
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(goVersion) ?? [];
  const isOld = Number(major) < OLDEST_GO[0] || (Number(major) === OLDEST_GO[0] && Number(minor) < OLDEST_GO[1]);
  return isOld ? [`Go is too old (${goVersion}). ${solution}`] : [];
}

function portProblems({ portsInUse, freeRange }: Machine): string[] {
  if (portsInUse.length === 0) return [];
  const list = portsInUse.map(({ port, server }) => `${port} (${server})`).join(', ');
  const subject = portsInUse.length === 1 ? `Port ${list} is` : `Ports ${list} are`;
  const example = freeRange === null ? '' : `, for example: make cluster CLUSTER_PORT=${freeRange}`;
  return [
    `${subject} in use by another program. Stop that program, or set CLUSTER_PORT to the first of ${PORT_COUNT} free ports${example}`,
  ];
}

const gigabytes = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;

async function inspectMachine(layout: Layout, amqpUrl: string | undefined): Promise<Machine> {
  const missing = missingTemporalPrograms();
  const portsInUse = await findPortsInUse(layout);
  const spaces = [
    {
      folder: layout.folder,
      setting: 'CLUSTER_FOLDER',
      purpose: 'the cluster',
      neededBytes: DATA_BYTES,
    },
    ...(missing.length > 0
      ? [
          {
            folder: cacheFor(''),
            setting: 'XDG_CACHE_HOME',
            purpose: "the build of Temporal's programs",
            neededBytes: BUILD_BYTES,
          },
        ]
      : []),
  ];
  return {
    platform: process.platform,
    missingPackages: [
      { program: 'HAProxy', packageName: 'haproxy', found: findHaproxy() },
      { program: 'PostgreSQL', packageName: 'postgresql', found: findPostgres() },
      { program: 'RabbitMQ', packageName: 'rabbitmq-server', found: amqpUrl ?? findRabbitMq() },
    ].filter(({ found }) => found === null),
    canInstall: canInstallDebianPackages(),
    missingTemporalPrograms: missing,
    goVersion: missing.length > 0 ? await findGoVersion() : null,
    brokerFailure: amqpUrl === undefined ? null : await brokerFailureOf(amqpUrl),
    portsInUse,
    freeRange: portsInUse.length > 0 ? await findFreeRange() : null,
    fullFolders: spaces
      .map((space) => ({ ...space, freeBytes: freeBytesOf(space.folder) }))
      .filter(({ freeBytes, neededBytes }) => freeBytes < neededBytes),
  };
}

async function findGoVersion(): Promise<string | null> {
  const go = findProgram('go', { after: GO_FOLDERS });
  if (go === null) return null;
  // The version that is installed, not the one that a go.mod file of the current folder would select.
  return (await runProgram(go, ['env', 'GOVERSION'], { env: { GOTOOLCHAIN: 'local' }, cwd: '/' })).trim();
}

async function brokerFailureOf(amqpUrl: string): Promise<string | null> {
  try {
    const connection = await connect(amqpUrl, { timeout: BROKER_TIMEOUT_MS });
    await connection.close();
    return null;
  } catch (error) {
    if (error instanceof AggregateError) return String(error.errors[0]?.message ?? error);
    return error instanceof Error ? error.message : String(error);
  }
}

/** Checks the ports of the servers that do not run yet. */
async function findPortsInUse(layout: Layout): Promise<{ port: number; server: string }[]> {
  const servers = new RecordedServers(layout.folder);
  const needed = [...portsByServer(layout)]
    .filter(([server]) => servers.pidOf(server) === null)
    .flatMap(([server, ports]) => ports.map((port) => ({ port, server })));
  const taken = await Promise.all(needed.map(({ port }) => isTaken(port)));
  return needed.filter((_, index) => taken[index]);
}

/** Finds a free range of ports for a cluster, below the ports that Linux assigns. @returns null if there is none */
async function findFreeRange(): Promise<number | null> {
  for (let first = 9_000; first < 32_000; first += 1_000) {
    if (await isFreeRange(first)) return first;
  }
  return null;
}

/** Returns whether nothing listens on any port of a range. */
export async function isFreeRange(first: number): Promise<boolean> {
  const taken = await Promise.all(Array.from({ length: PORT_COUNT }, (_, index) => isTaken(first + index)));
  return !taken.includes(true);
}

/** Returns the free space for a folder, which need not exist yet. */
function freeBytesOf(folder: string): number {
  let existing = resolve(folder);
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}
