import { join, resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { startCodecServer } from './codec-server';
import { startInContainers } from './container-engine';
import { keepNewFilesPrivate, lockDataFolder, recordRun } from './data-folder';
import { DEMONSTRATION_PRODUCT, demonstrate } from './demonstration';
import { isTaken } from './ports';
import { findOrStartPostgres } from './postgres';
import { ProcessFiles } from './process-files';
import { withProgress } from './progress';
import { findOrStartRabbitMq } from './rabbitmq';
import { Servers } from './servers';
import { paymentsDatabaseOf } from './service-program';
import { refuseTakenPorts, startServices } from './services';
import { readSettings, type Settings } from './settings';
import { SetupError } from './setup-error';
import { Supervisor } from './supervisor';
import { findOrStartTemporal } from './temporal';

/**
 * `make run` and `make demo`: finds or starts the servers, starts both services, and places the two demonstration orders.
 * Then it serves until Ctrl-C or, with --demo, exits with 0 if both orders ended as expected.
 */
const onlyDemonstrate = process.argv.includes('--demo');
const settings = readOrExit(readSettings);
const dataFolder = resolve(settings.DATA_FOLDER);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const processFiles = new ProcessFiles(dataFolder);
const supervisor = new Supervisor(new Servers(join(dataFolder, 'logs')), processFiles, print);

const interrupted = new Promise<'interrupted'>((interrupt) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt('interrupted'));
});

async function run({
  databaseUrl,
  paymentsDatabaseUrl,
  amqpUrl,
  temporalAddress,
  temporalSecurity,
  codec,
  brokerTls,
  needsCredential,
  ...ports
}: Settings): Promise<boolean> {
  if (needsCredential && onlyDemonstrate) {
    throw new SetupError('make demo places orders without a credential. Unset AUTH, or set it to none.');
  }
  await refuseTakenPorts({ orderPort: ports.ORDER_PORT, paymentPort: ports.PAYMENT_PORT });
  await startInContainers(ports.CONTAINER_ENGINE, await missingServers(settings), print);
  const database = await findOrStartPostgres(
    { configuredUrl: databaseUrl, port: ports.POSTGRES_PORT, folder: join(dataFolder, 'postgresql') },
    supervisor,
    print,
  );
  const broker = await findOrStartRabbitMq(
    { configuredUrl: amqpUrl, tls: brokerTls, port: ports.AMQP_PORT, folder: join(dataFolder, 'rabbitmq') },
    supervisor,
    print,
  );
  const temporal = await findOrStartTemporal(
    {
      configuredAddress: temporalAddress,
      security: temporalSecurity,
      port: ports.TEMPORAL_PORT,
      uiPort: ports.TEMPORAL_UI_PORT,
      databaseFile: join(dataFolder, 'temporal.db'),
      codecEndpoint: codec.isOn ? `http://localhost:${ports.CODEC_PORT}` : null,
    },
    supervisor,
    print,
  );
  if (codec.isOn && temporal.cli !== null && temporal.uiUrl !== null) {
    await startCodecServer({ port: ports.CODEC_PORT, uiUrl: temporal.uiUrl }, supervisor);
    print(`Codec server: started on port ${ports.CODEC_PORT}`);
  }
  const addresses = {
    databaseUrl: database,
    paymentsDatabaseUrl: paymentsDatabaseUrl ?? paymentsDatabaseOf(database),
    temporalAddress: temporal.address,
  };
  processFiles.writeAddresses(addresses);
  await withProgress(print, 'Services: starting', () =>
    startServices(
      {
        ...addresses,
        amqpUrl: broker,
        temporalUiUrl: temporal.uiUrl,
        orderPort: ports.ORDER_PORT,
        paymentPort: ports.PAYMENT_PORT,
      },
      supervisor,
      print,
    ),
  );
  const orderUrl = `http://localhost:${ports.ORDER_PORT}`;
  const apiUrl = `${orderUrl}/orderManagement`;
  const shop = { ...addresses, apiUrl, temporalSecurity, codec, namespace: ports.namespace, uiUrl: temporal.uiUrl };
  const asExpected = needsCredential || (await demonstrate(shop, print));

  const { productId, name, price } = DEMONSTRATION_PRODUCT;
  print('');
  if (needsCredential) print('No order was placed: requests need a credential. See docs/security.md.');
  else print(asExpected ? 'Both orders ended as expected.' : 'An order did not end as expected. See the logs.');
  print(`  Console    ${orderUrl}/`);
  print(`  REST API   ${apiUrl}/order`);
  print(`  Reference  ${orderUrl}/docs`);
  print(`  Product    ${productId} (${name}, $${price})`);
  if (temporal.uiUrl) print(`  Web UI     ${temporal.uiUrl}/namespaces/${ports.namespace}/workflows`);
  if (temporal.cli) print(`  CLI        ${temporal.cli}`);
  print(`  Logs       ${join(dataFolder, 'logs')}`);
  return asExpected;
}

const isMissing = async (configured: string | null, port: number): Promise<boolean> =>
  configured === null && !(await isTaken(port));

/** Returns the servers that are neither configured nor running, by their names in docker-compose.yml. */
async function missingServers({ databaseUrl, amqpUrl, temporalAddress, ...ports }: Settings): Promise<string[]> {
  const postgres = await isMissing(databaseUrl, ports.POSTGRES_PORT);
  const rabbitMq = await isMissing(amqpUrl, ports.AMQP_PORT);
  // Its container depends on the PostgreSQL container, whose port is taken if another PostgreSQL is running.
  const temporal = postgres && (await isMissing(temporalAddress, ports.TEMPORAL_PORT));
  return [
    ...(postgres ? ['postgres'] : []),
    ...(rabbitMq ? ['rabbitmq'] : []),
    ...(temporal ? ['temporal', 'temporal-ui'] : []),
  ];
}

async function main(): Promise<void> {
  let unlock: (() => void) | undefined;
  const removeRecord = recordRun();
  try {
    unlock = lockDataFolder(dataFolder);
    keepNewFilesPrivate();
    processFiles.clear();
    const outcome = await Promise.race([run(settings), interrupted, supervisor.failure]);
    if (outcome === 'interrupted') process.exitCode = 130;
    else if (onlyDemonstrate) process.exitCode = outcome ? 0 : 1;
    else {
      print('Serving; Ctrl-C stops it.');
      await Promise.race([interrupted, supervisor.failure]);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  print('Stopping what was started …');
  await supervisor.stopAll();
  processFiles.clear();
  unlock?.();
  removeRecord();
  process.exit();
}

void main();
