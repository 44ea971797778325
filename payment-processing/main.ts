import '@shop/runtime/source-maps'; // first: it maps what is loaded after it
import { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { connectPayments } from '@shop/prisma/clients';
import { isDatabaseUnavailable } from '@shop/prisma/errors';
import { migrate } from '@shop/prisma/migrate';
import { ReplicationProbe } from '@shop/prisma/replication';
import { buildIdOf, showBuildId } from '@shop/runtime/build-id';
import { readOrExit } from '@shop/runtime/environment';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { lookedUp, messages } from '@shop/runtime/metrics';
import { runUntilSignal, whenAvailable } from '@shop/runtime/lifecycle';
import { createLog } from '@shop/runtime/log';
import { installTemporalRuntime, Temporal } from '@shop/runtime/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import { PAYMENT_TASK_QUEUE } from '@shop/workflows/contract';
import { readConfig } from './config';
import { Ledger } from './payments/ledger';
import { createPaymentRequestHandler } from './payments/payment-requests';
import { createPaymentActivities } from './saga/activities';

const config = readOrExit(readConfig);
const log = createLog('payment-processing', config.LOG_LEVEL);
installTemporalRuntime(log);

const bundle = bundlePath('refund-payment');
const buildId = config.BUILD_ID ?? buildIdOf(bundle);
showBuildId(buildId);

void runUntilSignal({ log, drainMs: config.DRAIN_TIME }, async (parts, stopping) => {
  const database = connectPayments(config.DATABASE_URL, { poolSize: config.DATABASE_POOL_SIZE });
  parts.push({ name: 'database', stop: () => database.$disconnect() });
  const probe = new ReplicationProbe(config.DATABASE_URL, 'primary');
  parts.push({ name: 'probe of the database', stop: () => probe.stop() });
  const ledger = new Ledger(database);

  const temporal = new Temporal({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
    tls: config.TEMPORAL_TLS === 'on',
    apiKey: config.TEMPORAL_API_KEY,
    log,
    version: { deploymentName: 'payment-processing', buildId },
    versioning: config.WORKER_VERSIONING,
    worker: {
      taskQueue: PAYMENT_TASK_QUEUE,
      workflowBundle: { codePath: bundle },
      activities: createPaymentActivities({ ledger }),
    },
  });

  // Without a broker, payments are asked for by activities alone.
  const broker = config.AMQP_URL
    ? new Broker({ url: config.AMQP_URL, connectionName: 'payment-processing', log })
    : null;
  const consumer =
    broker &&
    new Consumer({
      broker,
      route: PROCESS_PAYMENT,
      log,
      count: (outcome) => messages.inc({ queue: PROCESS_PAYMENT.queue, outcome }),
      handle: createPaymentRequestHandler({ ledger, broker }),
      isOutage: isDatabaseUnavailable,
      probe: async () => void (await database.$queryRaw`SELECT 1`),
    });
  parts.push(...(broker ? [broker] : []), temporal, ...(consumer ? [consumer] : []));

  if (broker) {
    lookedUp('parked_messages', 'Messages that wait for an operator.', 'queue', async () => ({
      [PROCESS_PAYMENT.queue]: await broker.waitingIn(parkedQueue(PROCESS_PAYMENT)),
    }));
  }

  let migrated = false;
  const readiness = async () => {
    const databaseUp = await probe.answers();
    return {
      ready: databaseUp && migrated && (consumer?.isUp === true || temporal.isUp),
      checks: {
        database: databaseUp ? (migrated ? 'up' : 'migrating') : 'down',
        broker: consumer ? (consumer.isUp ? 'consuming' : 'down') : 'none',
        temporal: temporal.isUp ? 'working' : 'down',
      },
    };
  };
  const app = createHttpApp({ log, prefixes: ['/paymentProcessing', '/payment-processing'], readiness, stopping });
  parts.push(await serveHttp(app, config.PORT, config.LISTEN_ADDRESS));

  await whenAvailable('PostgreSQL', {
    log,
    isOutage: isDatabaseUnavailable,
    attempt: () => migrate(config.DATABASE_URL, 'payments'),
  });
  migrated = true;
  temporal.start();
  await broker?.open();
});
