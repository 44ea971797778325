import { join, relative, resolve } from 'node:path';
import { keepNewFilesPrivate, lockDataFolder } from '@shop/dev/data-folder';
import { SetupError } from '@shop/dev/setup-error';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { Cluster, stopCluster } from './cluster';
import { configurationFile, layoutOf, PORT_COUNT } from './layout';
import { checkPrerequisites } from './prerequisites';
import { RecordedServers } from './recorded-servers';
import { describeCluster } from './status';
import { switchOver } from './switch-over';

/** Runs `make cluster` and the other `make cluster-…` targets; the first argument is the command. */
const settings = readOrExit(() =>
  readEnvironment(
    z.object({
      /** The first port of the range that the cluster uses. */
      CLUSTER_PORT: integer(8_000, 1_024, 65_535 - PORT_COUNT),
      CLUSTER_FOLDER: z
        .string()
        .default(join(require.resolve('@shop/cluster/package.json'), '..', '..', '..', '.data', 'cluster')),
      AMQP_URL: z.string().optional(),
    }),
  ),
);
const layout = layoutOf(resolve(settings.CLUSTER_FOLDER), settings.CLUSTER_PORT);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const findCluster = (): Promise<Cluster> => Cluster.create(layout, { amqpUrl: settings.AMQP_URL }, print);

const commands: Record<string, () => Promise<void>> = {
  up: async () => {
    await checkPrerequisites(layout, settings.AMQP_URL);
    const cluster = await findCluster();
    await cluster.start(print);
    print('');
    print(`  Console    ${new URL('/', cluster.url).href}`);
    print(`  REST API   ${cluster.url}/order`);
    print(`  Web UI     ${cluster.temporalUiUrl}`);
    print(`  HAProxy    http://localhost:${layout.ports.statistics}`);
    print(`  Logs       ${join(layout.folder, 'logs')}`);
    print('The cluster keeps running: make cluster-status shows its state, make cluster-down stops it.');
  },
  status: async () => {
    for (const line of await describeCluster(await findCluster())) print(line);
  },
  down: async () => {
    const servers = new RecordedServers(layout.folder);
    const names = servers.running.toReversed();
    print(names.length > 0 ? `Stopping ${names.join(', ')} …` : 'No cluster is running.');
    await stopCluster(servers);
    if (names.length > 0) print(`Stopped; the data stays in ${layout.folder}.`);
  },
  restart: async () => (await findCluster()).restartServices(print),
  'switch-over': async () => void (await switchOver(await findCluster(), print)),
  reload: async () => {
    const { oldWorker, newWorker } = await (await findCluster()).loadBalancer.reload();
    print(`HAProxy has loaded ${relative(process.cwd(), configurationFile('haproxy.cfg'))} again.`);
    print(`Process ${newWorker} takes new connections; process ${oldWorker} exits when its connections have ended.`);
  },
};

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const command = commands[name];
  let unlock: (() => void) | null = null;
  try {
    if (!command) throw new SetupError(`Unknown command "${name}". Commands: ${Object.keys(commands).join(', ')}.`);
    if (name !== 'up' && name !== 'down' && new RecordedServers(layout.folder).running.length === 0) {
      throw new SetupError('No cluster is running. Start it with: make cluster');
    }
    if (name !== 'status')
      unlock = lockDataFolder(layout.folder, 'A second one needs CLUSTER_FOLDER and CLUSTER_PORT.');
    keepNewFilesPrivate();
    await command();
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  unlock?.();
  process.exit(); // the servers keep running
}

void main();
