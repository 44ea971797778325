import '@shop/runtime/source-maps'; // first: it maps only what is loaded after it
import { createBroker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { ParkedQueue } from '@shop/amqp/parked-queue';
import { registerParkedMetric, registerQueuedMetric } from '@shop/amqp/queue-metrics';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { connectPayments } from '@shop/prisma/clients';
import { isSchemaError } from '@shop/prisma/errors';
import { ReplicationProbe } from '@shop/prisma/replication';
import { findApiKey } from '@shop/runtime/access/api-key-store';
import { createAuthenticate } from '@shop/runtime/access/authenticate';
import { buildIdOf } from '@shop/runtime/build-id';
import { createTemporal } from '@shop/runtime/create-temporal';
import { registerDependencyMetric } from '@shop/runtime/dependency-metrics';
import { httpPolicyOf } from '@shop/runtime/http-policy';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { InstanceReports } from '@shop/runtime/instance-reports';
import { serveManagement } from '@shop/runtime/management';
import { observePool } from '@shop/runtime/pool-metrics';
import { prepareSchema } from '@shop/runtime/prepare-schema';
import { retryLater } from '@shop/runtime/problem';
import { runAlone } from '@shop/runtime/run-alone';
import { runService } from '@shop/runtime/service';
import { bundlePaths } from '@shop/workflows/bundle-path';
import { PAYMENT_TASK_QUEUE } from '@shop/workflows/contract';
import { readConfig } from './config';
import { paymentApi } from './http/api';
import { Ledger } from './payments/ledger';
import { createPaymentRequestHandler } from './payments/payment-requests';
import { PaymentReadiness } from './readiness';
import { createPaymentActivities } from './saga/activities';

const SERVICE = 'payment-processing';

void runService(SERVICE, readConfig, async ({ config, log, groups, stopping, tracing }) => {
  const schema = { url: config.DATABASE_URL, history: 'payments', mode: config.MIGRATE, log } as const;
  if (config.MIGRATE === 'only') return prepareSchema(schema).then(() => 'done');

  const bundle = bundlePaths('refund-payment');
  const buildId = config.BUILD_ID ?? buildIdOf(bundle.plain); // both bundles issue the same commands
  const database = connectPayments(config.DATABASE_URL, {
    poolSize: config.DATABASE_POOL_SIZE,
    onOpen: observePool('primary'),
  });
  const primary = new ReplicationProbe(config.DATABASE_URL, 'primary');
  const ledger = new Ledger(database, log);

  const temporal = createTemporal(config, {
    service: SERVICE,
    buildId,
    log,
    bundle,
    workflow: 'refundPayment',
    tracing,
    taskQueue: PAYMENT_TASK_QUEUE,
    activities: createPaymentActivities({ ledger }),
  });

  // Without a broker, payment requests arrive as activities only.
  const broker = createBroker(config, {
    connectionName: SERVICE,
    log,
    access: { consumes: PROCESS_PAYMENT, publishes: PAYMENT_STAT },
  });
  const consumer =
    broker &&
    new Consumer({
      broker,
      route: PROCESS_PAYMENT,
      log,
      handle: createPaymentRequestHandler({ ledger, broker }),
      announcesIdempotence: true, // the ledger charges each order once
      probe: async () => void (await database.$queryRaw`SELECT 1`),
    });
  if (broker) {
    registerParkedMetric(broker, PROCESS_PAYMENT);
    registerQueuedMetric(broker, PROCESS_PAYMENT);
  }

  registerDependencyMetric({ primary, temporal, broker, consumer });

  const readiness = new PaymentReadiness({ primary, consumer, temporal });
  const instance = new InstanceReports({
    service: SERVICE,
    buildId,
    database,
    readiness: () => readiness.check(),
    log,
  });
  const parked = new ParkedQueue({
    settings: config,
    route: PROCESS_PAYMENT,
    alone: runAlone(database, parkedQueue(PROCESS_PAYMENT)),
  });
  const app = createHttpApp({
    ...paymentApi({ database, parked }),
    log,
    readiness: () => readiness.check(),
    authenticate: createAuthenticate(config, (prefix) => findApiKey(database, prefix), log),
    stopping,
    policy: httpPolicyOf(config, config.LISTEN_ADDRESS),
    explain: (error) =>
      !readiness.migrated && isSchemaError(error) ? retryLater('The database is being prepared.') : undefined,
  });
  const management = await serveManagement(config, { log, readiness: () => readiness.check(), stopping });
  const http = await serveHttp(app, config.PORT, {
    address: config.LISTEN_ADDRESS,
    keepAliveMs: config.KEEP_ALIVE_TIMEOUT,
  });
  groups.push(management);
  groups.push([
    { name: 'database', stop: () => database.$disconnect() },
    { name: 'database probe', stop: () => primary.stop() },
    ...(broker ? [broker] : []),
  ]);
  groups.push([http, instance, temporal, ...(consumer ? [consumer] : [])]); // they use the database and the broker

  await prepareSchema(schema);
  readiness.migrated = true;
  instance.start();
  temporal.start();
  await broker?.open();
});
