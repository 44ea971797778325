import { join, resolve } from 'node:path';
import { SetupError } from '@shop/dev/setup-error';
import { lockDataFolder } from '@shop/dev/data-folder';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { Cluster, stopCluster } from './cluster';
import { layoutOf, PORTS } from './layout';
import { RecordedServers } from './recorded-servers';
import { describe } from './status';
import { switchOver } from './switch-over';

/** What `make cluster` and its like do; the first argument says which. */
const settings = readOrExit(() =>
  readEnvironment(
    z.object({
      /** The first port of all that the cluster takes. */
      CLUSTER_PORT: integer(8_000, 1_024, 65_535 - PORTS),
      CLUSTER_FOLDER: z
        .string()
        .default(join(require.resolve('@shop/cluster/package.json'), '..', '..', '..', '.data', 'cluster')),
      AMQP_URL: z.string().optional(),
    }),
  ),
);
const layout = layoutOf(resolve(settings.CLUSTER_FOLDER), settings.CLUSTER_PORT);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const find = (): Promise<Cluster> => Cluster.at(layout, { amqpUrl: settings.AMQP_URL }, say);

const commands: Record<string, () => Promise<void>> = {
  up: async () => {
    const cluster = await find();
    await cluster.start(say);
    say('');
    say(`  REST API   ${cluster.url}/order`);
    say(`  Web UI     ${cluster.temporalUiUrl}`);
    say(`  Balancer   http://localhost:${layout.ports.statistics}`);
    say(`  Logs       ${join(layout.folder, 'logs')}`);
    say('It stays when this ends: make cluster-status shows how it is, make cluster-down stops it.');
  },
  status: async () => {
    for (const line of await describe(await find())) say(line);
  },
  down: async () => {
    const servers = new RecordedServers(layout.folder);
    say(servers.running.length > 0 ? `Stopping ${servers.running.toReversed().join(', ')} …` : 'Nothing runs.');
    await stopCluster(servers);
  },
  restart: async () => (await find()).restartServices(say),
  'switch-over': async () => void (await switchOver(await find(), say)),
  reload: async () => (await find()).loadBalancer.reload(),
};

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const command = commands[name];
  let giveBack: (() => void) | null = null;
  try {
    if (!command) throw new SetupError(`There is no "${name}"; there are ${Object.keys(commands).join(', ')}.`);
    if (name !== 'up' && name !== 'down' && new RecordedServers(layout.folder).running.length === 0) {
      throw new SetupError('No cluster runs: start it with make cluster.');
    }
    if (name !== 'status')
      giveBack = lockDataFolder(layout.folder, 'A second one needs CLUSTER_FOLDER and CLUSTER_PORT.');
    await command();
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  giveBack?.();
  process.exit(); // what was started stays
}

void main();
