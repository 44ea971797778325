import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { findOrInstallRabbitMq, startRabbitMq } from '@shop/dev/rabbitmq';
import { Servers } from '@shop/dev/servers';
import { startTemporal } from '@shop/dev/temporal';
import { findTemporalCli } from '@shop/dev/temporal-cli';
import { temporaryFolder } from './temporary-folder';
import { SERVERS_VARIABLE, VIRTUAL_HOSTS, type TestServers } from './servers';

declare global {
  var stopTestServers: () => Promise<void>;
}

const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** Starts the servers that all test files share, on free ports and with data in a temporary folder. */
export default async function startServers(): Promise<void> {
  const folder = temporaryFolder('test');
  const servers = new Servers(join(folder, 'logs'));
  globalThis.stopTestServers = async () => {
    await servers.stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  // Jest's own handling of these signals skips the global teardown; exiting here stops the servers (see Servers).
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  try {
    const rabbitMq = await findOrInstallRabbitMq(print);
    if (rabbitMq === null)
      throw new Error('The tests need RabbitMQ. Install it so that rabbitmq-server is on the PATH.');
    const cli = await findTemporalCli(print);
    const temporalUiPort = await freePort();
    const brokerNode = { program: rabbitMq, folder: join(folder, 'rabbitmq'), mapperPort: await freePort() };
    const [postgresUrl, amqpUrl, temporalAddress] = await Promise.all([
      startPostgres({ port: await freePort(), folder: join(folder, 'postgresql'), forTests: true }, servers),
      startRabbitMq({ ...brokerNode, port: await freePort(), virtualHosts: [...VIRTUAL_HOSTS] }, servers),
      startTemporal({ cli, port: await freePort(), uiPort: temporalUiPort }, servers),
    ]);
    const temporalUiUrl = `http://localhost:${temporalUiPort}`;
    const started: TestServers = { postgresUrl, amqpUrl, brokerNode, temporalAddress, temporalUiUrl };
    process.env[SERVERS_VARIABLE] = JSON.stringify(started);
  } catch (error) {
    await globalThis.stopTestServers();
    throw error;
  }
}
