import { resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { readOrder } from './order-record';
import { describeOrder } from './order-timeline';
import { ProcessFiles } from './process-files';
import { paymentsDatabaseOf } from './service-program';
import { readSettings } from './settings';
import { SetupError } from './setup-error';

/** Implements `make order`: prints how an order ended and why, its payment and refunds, and its steps. */
const settings = readOrExit(readSettings);

async function printOrder(orderId: string): Promise<void> {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(orderId)) {
    throw new SetupError(
      'Set ID to the id of an order, for example: make order ID=3f2a41d5-0dbb-4df6-baf1-8e7bc9c7fe15',
    );
  }
  const used = new ProcessFiles(resolve(settings.DATA_FOLDER)).readAddresses();
  const databaseUrl =
    settings.databaseUrl ??
    used?.databaseUrl ??
    `postgresql://postgres:postgres@localhost:${settings.POSTGRES_PORT}/Ecommerce`;
  const order = await readOrder(
    {
      databaseUrl,
      paymentsDatabaseUrl: settings.paymentsDatabaseUrl ?? paymentsDatabaseOf(databaseUrl),
      temporalAddress: settings.temporalAddress ?? used?.temporalAddress ?? `localhost:${settings.TEMPORAL_PORT}`,
      temporalSecurity: settings.temporalSecurity,
      codec: settings.codec,
      namespace: settings.namespace,
    },
    orderId.toLowerCase(),
  ).catch((error: unknown) => {
    const { host } = new URL(databaseUrl);
    throw new SetupError(`The database at ${host} is not readable: ${String(error)}. Start it, or set DATABASE_URL.`);
  });
  if (!order) throw new SetupError(`The database at ${new URL(databaseUrl).host} has no order ${orderId}.`);
  process.stdout.write(`${describeOrder(order).join('\n')}\n`);
}

printOrder(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
