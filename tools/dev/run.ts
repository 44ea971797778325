import { join, resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { startInContainers } from './container-engine';
import { DEMONSTRATION_PRODUCT, demonstrate } from './demonstration';
import { isTaken } from './ports';
import { findOrStartPostgres } from './postgres';
import { findOrStartRabbitMq } from './rabbitmq';
import { Servers } from './servers';
import { paymentsDatabaseOf } from './service-program';
import { refuseTakenPorts, startServices } from './services';
import { readSettings, type Settings } from './settings';
import { SetupError } from './setup-error';
import { lockDataFolder } from './data-folder';
import { findOrStartTemporal } from './temporal';

/**
 * What `make run` and `make demo` do: find or start what the system needs, start both services, place the two
 * demonstration orders; then serve until Ctrl-C, or, with --demo, end with 0 where both orders ended as they should.
 */
const onlyDemonstrate = process.argv.includes('--demo');
const settings = readOrExit(readSettings);
const dataFolder = resolve(settings.DATA_FOLDER);
const servers = new Servers(join(dataFolder, 'logs'));
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const interrupted = new Promise<'interrupted'>((hear) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => hear('interrupted'));
});

async function run({
  databaseUrl,
  paymentsDatabaseUrl,
  amqpUrl,
  temporalAddress,
  temporalSecurity,
  ...ports
}: Settings): Promise<boolean> {
  await refuseTakenPorts({ orderPort: ports.ORDER_PORT, paymentPort: ports.PAYMENT_PORT });
  await startInContainers(ports.CONTAINER_ENGINE, await missingServers(settings), print);
  const database = await findOrStartPostgres(
    { given: databaseUrl, port: ports.POSTGRES_PORT, folder: join(dataFolder, 'postgresql') },
    servers,
    print,
  );
  const broker = await findOrStartRabbitMq(
    { given: amqpUrl, port: ports.AMQP_PORT, folder: join(dataFolder, 'rabbitmq') },
    servers,
    print,
  );
  const temporal = await findOrStartTemporal(
    {
      given: temporalAddress,
      security: temporalSecurity,
      port: ports.TEMPORAL_PORT,
      uiPort: ports.TEMPORAL_UI_PORT,
      databaseFile: join(dataFolder, 'temporal.db'),
    },
    servers,
    print,
  );
  await startServices(
    {
      databaseUrl: database,
      paymentsDatabaseUrl: paymentsDatabaseUrl ?? paymentsDatabaseOf(database),
      amqpUrl: broker,
      temporalAddress: temporal.address,
      orderPort: ports.ORDER_PORT,
      paymentPort: ports.PAYMENT_PORT,
    },
    servers,
    print,
  );
  const apiUrl = `http://localhost:${ports.ORDER_PORT}/orderManagement`;
  const asTheyShould = await demonstrate(
    {
      apiUrl,
      databaseUrl: database,
      temporalAddress: temporal.address,
      temporalSecurity,
      namespace: ports.namespace,
      uiUrl: temporal.uiUrl,
    },
    print,
  );

  print('');
  print(asTheyShould ? 'Both orders ended as they should.' : 'An order did not end as it should: see the logs.');
  print(`  REST API   ${apiUrl}/order`);
  print(
    `  Product    ${DEMONSTRATION_PRODUCT.productId} (${DEMONSTRATION_PRODUCT.name}, $${DEMONSTRATION_PRODUCT.price})`,
  );
  if (temporal.uiUrl) print(`  Web UI     ${temporal.uiUrl}/namespaces/${ports.namespace}/workflows`);
  if (temporal.cli) print(`  CLI        ${temporal.cli}`);
  print(`  Logs       ${join(dataFolder, 'logs')}`);
  return asTheyShould;
}

const isMissing = async (given: string | null, port: number): Promise<boolean> =>
  given === null && !(await isTaken(port));

/** The servers that no URL names and that are not on their ports, as docker-compose.yml names them. */
async function missingServers({ databaseUrl, amqpUrl, temporalAddress, ...ports }: Settings): Promise<string[]> {
  const postgres = await isMissing(databaseUrl, ports.POSTGRES_PORT);
  const rabbitMq = await isMissing(amqpUrl, ports.AMQP_PORT);
  // It would bring a PostgreSQL of its own, for which there is no port where one stands already.
  const temporal = postgres && (await isMissing(temporalAddress, ports.TEMPORAL_PORT));
  return [
    ...(postgres ? ['postgres'] : []),
    ...(rabbitMq ? ['rabbitmq'] : []),
    ...(temporal ? ['temporal', 'temporal-ui'] : []),
  ];
}

async function main(): Promise<void> {
  let giveBack: (() => void) | undefined;
  try {
    giveBack = lockDataFolder(dataFolder);
    const outcome = await Promise.race([run(settings), interrupted]);
    if (outcome === 'interrupted') process.exitCode = 130;
    else if (onlyDemonstrate) process.exitCode = outcome ? 0 : 1;
    else {
      print('Serving; Ctrl-C stops it.');
      await interrupted;
    }
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  print('Stopping what was started …');
  await servers.stopAll();
  giveBack?.();
  process.exit();
}

void main();
