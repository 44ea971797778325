import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TlsFiles } from '@shop/runtime/tls-files';
import { messageWithRemedy } from '@shop/runtime/tls-remedy';
import { connect } from 'amqplib';
import { installDebianPackage } from './debian-package';
import { freePort, isTaken, thisOrFreePort } from './ports';
import { findProgram, runProgram } from './programs';
import { withProgress, type Print } from './progress';
import type { Starter } from './servers';
import { SetupError } from './setup-error';

const urlOf = (port: number): string => `amqp://guest:guest@localhost:${port}`;

/**
 * Finds RabbitMQ: the configured broker, the one on the default port, or one that it starts.
 *
 * @param configuredUrl AMQP_URL, which may be `none`; null if it is not set
 * @param tls the certificates of the configured broker
 * @param folder the data folder of a broker that it starts
 * @param findServer returns the server program; null if it cannot be installed
 * @returns the broker's URL; null if the system is to run without a broker
 * @throws {SetupError} if the configured broker is unavailable, or if INSTALL=no prevents an installation
 */
export async function findOrStartRabbitMq(
  { configuredUrl, tls, port, folder }: { configuredUrl: string | null; tls?: TlsFiles; port: number; folder: string },
  servers: Starter,
  print: Print,
  findServer = findOrInstallRabbitMq,
): Promise<string | null> {
  if (configuredUrl === 'none') {
    print('RabbitMQ: not used (AMQP_URL=none); sagas request payments by Temporal activities');
    return null;
  }
  if (configuredUrl !== null) {
    const { host } = new URL(configuredUrl);
    const problem = await connectionProblem(configuredUrl, tls);
    if (problem !== null) {
      throw new SetupError(`AMQP_URL: RabbitMQ at ${host} is unavailable (${problem}). Start it, or unset AMQP_URL.`);
    }
    print(`RabbitMQ: using the broker at ${host} (AMQP_URL)`);
    return configuredUrl;
  }
  if (await isAvailable(urlOf(port))) {
    print(`RabbitMQ: using the broker on port ${port}`);
    return urlOf(port);
  }

  const program = await findServer(print);
  if (program === null) {
    print('RabbitMQ: not available here; sagas request payments by Temporal activities instead of messages.');
    print('  To use it, install rabbitmq-server (apt-get, brew or https://www.rabbitmq.com), or set AMQP_URL.');
    return null;
  }
  if (await isAvailable(urlOf(port))) {
    print(`RabbitMQ: using the service of Debian's package on port ${port}`);
    return urlOf(port);
  }
  if (await isTaken(port)) print(`RabbitMQ: port ${port} is taken by a process that is not usable`);
  const ownPort = await thisOrFreePort(port);
  await withProgress(print, 'RabbitMQ: starting', () => startRabbitMq({ program, port: ownPort, folder }, servers));
  print(`RabbitMQ: started on port ${ownPort}, with its data in ${folder}`);
  return urlOf(ownPort);
}

/** Returns RabbitMQ's server program, installed from Debian's package if necessary; null if it cannot be installed. */
export async function findOrInstallRabbitMq(print: Print): Promise<string | null> {
  const found = findRabbitMq();
  if (found !== null) return found;
  await installDebianPackage(
    {
      program: 'RabbitMQ',
      packageName: 'rabbitmq-server',
      purpose: 'It carries the payment requests and payment answers between the two services.',
      alternative: 'Or set AMQP_URL to a running broker, or to none to run without a broker.',
    },
    print,
  );
  return findRabbitMq();
}

// The server's own folder first: Debian's wrapper on the PATH runs the server only as the user rabbitmq.
export const findRabbitMq = (): string | null =>
  findProgram('rabbitmq-server', {
    before: ['/usr/lib/rabbitmq/bin'],
    after: ['/opt/homebrew/sbin', '/usr/local/sbin'],
  });

/**
 * Starts a broker that shares nothing with other brokers of this machine: it has its own data, cookie, node name and
 * ports.
 *
 * @param program as `findOrInstallRabbitMq` returns it
 * @param mapperPort the port of its Erlang port mapper; a free port by default
 * @param configuration further lines of its `rabbitmq.conf`
 * @param virtualHosts its virtual hosts besides `/`; user `guest` with password `guest` has all permissions
 * @returns its URL, without a virtual host
 */
export async function startRabbitMq(
  {
    program,
    port,
    folder,
    mapperPort,
    configuration: moreConfiguration = '',
    virtualHosts = [],
  }: {
    program: string;
    port: number;
    folder: string;
    mapperPort?: number;
    configuration?: string;
    virtualHosts?: string[];
  },
  servers: Starter,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const everything = '.*';
  const vhosts = ['/', ...virtualHosts];
  const definitions = file(
    'definitions.json',
    JSON.stringify({
      users: [{ name: 'guest', password: 'guest', tags: ['administrator'] }],
      vhosts: vhosts.map((name) => ({ name })),
      permissions: vhosts.map((vhost) => ({
        user: 'guest',
        vhost,
        configure: everything,
        write: everything,
        read: everything,
      })),
    }),
  );
  const configuration = file(
    'rabbitmq.conf',
    `listeners.tcp.default = 127.0.0.1:${port}
log.console = true
log.console.level = warning
log.file = false
load_definitions = ${definitions}
${moreConfiguration}`,
  );

  // Started here, because a port mapper that the broker starts outlives it.
  const ownMapperPort = mapperPort ?? (await freePort());
  const mapper = findProgram('epmd');
  if (mapper) {
    await servers.start({
      name: 'epmd',
      program: mapper,
      args: ['-port', String(ownMapperPort), '-address', '127.0.0.1'],
      isReady: () => isTaken(ownMapperPort),
    });
  }
  await servers.start({
    name: 'rabbitmq',
    program,
    args: [],
    cwd: folder,
    env: {
      ...nodeEnvironment(folder, ownMapperPort),
      RABBITMQ_DIST_PORT: String(await freePort()),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_CONFIG_FILE: configuration,
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[].\n'),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
    },
    isReady: () => isAvailable(urlOf(port)),
  });
  return urlOf(port);
}

/** Runs `rabbitmqctl` for a broker that `startRabbitMq` has started. */
export async function controlRabbitMq(
  { program, folder, mapperPort }: { program: string; folder: string; mapperPort: number },
  args: string[],
): Promise<void> {
  await runProgram(join(dirname(program), 'rabbitmqctl'), args, { env: nodeEnvironment(folder, mapperPort) });
}

/** Returns the variables that separate the broker from the other brokers of this machine. */
const nodeEnvironment = (folder: string, mapperPort: number): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: folder, // contains the cookie
  LANG: 'C.UTF-8',
  ERL_EPMD_PORT: String(mapperPort),
  RABBITMQ_NODENAME: 'order-placement@localhost',
});

const isAvailable = async (url: string): Promise<boolean> => (await connectionProblem(url)) === null;

/** Returns why a broker is unavailable; null if it is available. */
async function connectionProblem(url: string, tls: TlsFiles = {}): Promise<string | null> {
  try {
    const connection = await connect(url, { ...tls, timeout: 5_000 });
    await connection.close();
    return null;
  } catch (error) {
    return messageWithRemedy(error, 'AMQP_TLS');
  }
}
