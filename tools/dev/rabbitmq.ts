import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'amqplib';
import { installDebianPackage } from './debian-package';
import { freePort, isTaken, thisOrFreePort } from './ports';
import { findProgram, runProgram } from './programs';
import type { Print } from './progress';
import type { Starter } from './servers';
import { SetupError } from './setup-error';

const urlOf = (port: number): string => `amqp://guest:guest@localhost:${port}`;

/**
 * Finds RabbitMQ: the one that the environment names, the one on the default port, or one of our own.
 *
 * @param given the environment's URL, or its `none`; null where it says nothing
 * @param folder where the data of our own broker lies
 * @param findServer finds the program of our own
 * @returns the broker's URL; null where there is none, and the system does without
 */
export async function findOrStartRabbitMq(
  { given, port, folder }: { given: string | null; port: number; folder: string },
  servers: Starter,
  print: Print,
  findServer = findOrInstallRabbitMq,
): Promise<string | null> {
  if (given === 'none') {
    print('RabbitMQ: none, as AMQP_URL says; payments are asked for by Temporal activities');
    return null;
  }
  if (given !== null) {
    const { host } = new URL(given);
    if (!(await canBeUsed(given))) {
      throw new SetupError(`AMQP_URL: RabbitMQ at ${host} cannot be used. Start it, or unset AMQP_URL.`);
    }
    print(`RabbitMQ: the one at ${host}, from AMQP_URL`);
    return given;
  }
  if (await canBeUsed(urlOf(port))) {
    print(`RabbitMQ: the one on port ${port}`);
    return urlOf(port);
  }

  const program = await findServer(print);
  if (program === null) {
    print('RabbitMQ: none to be had; payments are asked for by Temporal activities instead of messages.');
    print('  To have it, install rabbitmq-server (apt-get, brew, or https://www.rabbitmq.com), or set AMQP_URL.');
    return null;
  }
  if (await canBeUsed(urlOf(port))) {
    print(`RabbitMQ: Debian's package, which runs as a service on port ${port}`);
    return urlOf(port);
  }
  if (await isTaken(port)) print(`RabbitMQ: what listens on port ${port} cannot be used`);
  const ownPort = await thisOrFreePort(port);
  await startRabbitMq({ program, port: ownPort, folder }, servers);
  print(`RabbitMQ: our own, on port ${ownPort}, its data in ${folder}`);
  return urlOf(ownPort);
}

/** RabbitMQ's server program, installed from Debian's package where there is none; null where it cannot be had. */
export async function findOrInstallRabbitMq(print: Print): Promise<string | null> {
  const found = findRabbitMq();
  if (found !== null) return found;
  await installDebianPackage('RabbitMQ', 'rabbitmq-server', print);
  return findRabbitMq();
}

// The server's own folder first: what Debian puts on the PATH is a wrapper that insists on its service's user.
export const findRabbitMq = (): string | null =>
  findProgram('rabbitmq-server', {
    before: ['/usr/lib/rabbitmq/bin'],
    after: ['/opt/homebrew/sbin', '/usr/local/sbin'],
  });

/**
 * Starts a broker that has nothing to do with any other on this machine: its own data, cookie, node name and ports.
 *
 * @param program as `findOrInstallRabbitMq` has it
 * @param mapperPort where its port mapper listens; a free port unless given
 * @param virtualHosts what it has beside `/`; user `guest`, password `guest`, may use them all
 * @returns its URL, without a virtual host
 */
export async function startRabbitMq(
  {
    program,
    port,
    folder,
    mapperPort,
    virtualHosts = [],
  }: { program: string; port: number; folder: string; mapperPort?: number; virtualHosts?: string[] },
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
`,
  );

  // Erlang's port mapper would outlive the broker, were it not ours too.
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
    isReady: () => canBeUsed(urlOf(port)),
  });
  return urlOf(port);
}

/** Has `rabbitmqctl` do something with a broker that `startRabbitMq` has started. */
export async function controlRabbitMq(
  { program, folder, mapperPort }: { program: string; folder: string; mapperPort: number },
  args: string[],
): Promise<void> {
  await runProgram(join(dirname(program), 'rabbitmqctl'), args, { env: nodeEnvironment(folder, mapperPort) });
}

/** What tells a broker of ours from every other on this machine. */
const nodeEnvironment = (folder: string, mapperPort: number): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: folder, // the cookie's place
  LANG: 'C.UTF-8',
  ERL_EPMD_PORT: String(mapperPort),
  RABBITMQ_NODENAME: 'order-placement@localhost',
});

async function canBeUsed(url: string): Promise<boolean> {
  try {
    const connection = await connect(url, { timeout: 5_000 });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
