import '@shop/runtime/source-maps'; // first: it maps only what is loaded after it
import { createBroker } from '@shop/amqp/broker';
import { recordInHistory } from '@shop/amqp/parked-audit';
import { ParkedQueue } from '@shop/amqp/parked-queue';
import { registerParkedMetric, registerQueuedMetric } from '@shop/amqp/queue-metrics';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { findApiKey } from '@shop/runtime/access/api-key-store';
import type { FindApiKey } from '@shop/runtime/access/api-keys';
import { createAuthenticate } from '@shop/runtime/access/authenticate';
import { buildIdOf } from '@shop/runtime/build-id';
import { createTemporal } from '@shop/runtime/create-temporal';
import { registerDependencyMetric } from '@shop/runtime/dependency-metrics';
import { httpPolicyOf } from '@shop/runtime/http-policy';
import { serveHttp } from '@shop/runtime/http-server';
import { InstanceReports } from '@shop/runtime/instance-reports';
import { whenAvailable } from '@shop/runtime/lifecycle';
import { serveManagement } from '@shop/runtime/management';
import { prepareSchema } from '@shop/runtime/prepare-schema';
import { runAlone } from '@shop/runtime/run-alone';
import { runService } from '@shop/runtime/service';
import { shareReads } from '@shop/runtime/share-reads';
import { bundlePaths } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE, orderWorkflowId } from '@shop/workflows/contract';
import { loadPredefined } from './catalog/predefined';
import { readConfig } from './config';
import { openDatabase } from './database';
import { EventFeed } from './events/event-feed';
import { createOrderApp } from './http/app';
import { consolePages } from './http/console-pages';
import { EventStreams } from './http/event-streams';
import { registerOrderMetrics } from './metrics';
import { Backlog } from './orders/backlog';
import { SettlementWaits } from './orders/settlement-waits';
import { Settlements } from './orders/settlements';
import { OrderReadiness } from './readiness';
import { createOrderActivities } from './saga/activities';
import { AdoptionPolicy } from './saga/adoption-policy';
import { createPaymentConsumer } from './saga/payment-consumer';
import { PaymentHandover } from './saga/fast-path/payment-handover';
import { Rush } from './saga/fast-path/rush';
import { StartLimit } from './saga/fast-path/start-limit';
import { registerSearchAttributes } from './saga/register-search-attributes';
import { findFailingSagas } from './saga/failing-sagas';
import { registerSagaMetrics } from './saga/saga-metrics';
import { SagaStarter } from './saga/saga-starter';
import { Sagas } from './saga/sagas';
import { Sweeper } from './saga/sweeper';
import { webUiUrlOf } from './saga/web-ui-url';

const SERVICE = 'order-management';
/** How old the list of failing sagas may be: finding them takes several queries on Temporal. */
const FAILING_SAGAS_AGE_MS = 15_000;

void runService(SERVICE, readConfig, async ({ config, log, groups, stopping, tracing }) => {
  const schema = { url: config.DATABASE_URL, history: 'orders', mode: config.MIGRATE, log } as const;
  if (config.MIGRATE === 'only') return prepareSchema(schema).then(() => 'done');

  const bundle = bundlePaths('place-order');
  const buildId = config.BUILD_ID ?? buildIdOf(bundle.plain); // both bundles issue the same commands
  const { database, primary, reads, parts } = openDatabase(config, log);
  const broker = createBroker(config, {
    connectionName: SERVICE,
    log,
    access: { consumes: PAYMENT_STAT, publishes: PROCESS_PAYMENT },
  });
  const settlements = new Settlements();
  const fastPath = { settlements, enabled: config.PAYMENT_FAST_PATH === 'on' };
  const handover = new PaymentHandover(fastPath);
  const temporal = createTemporal(config, {
    service: SERVICE,
    buildId,
    log,
    bundle,
    workflow: 'placeOrder',
    tracing,
    taskQueue: ORDER_TASK_QUEUE,
    activities: createOrderActivities({ database, broker, handover, settlements, log }),
    prepare: (connection) => registerSearchAttributes(connection, config.TEMPORAL_NAMESPACE, log),
  });
  const payment = {
    channel: config.PAYMENT_CHANNEL,
    maxRequests: config.PAYMENT_ASKS,
    answerTimeoutMs: config.PAYMENT_TIMEOUT,
  };
  const sagas = new Sagas(temporal, payment, config.TRACE_UI_URL);
  const rush = new Rush();
  const backlog = new Backlog(database, config.MAX_UNSETTLED, settlements);
  const starter = new SagaStarter(sagas, new StartLimit({ ...fastPath, rush }), log);
  const consumer = broker && createPaymentConsumer({ broker, temporal, database, sagas, handover, log });
  const sweeper = new Sweeper({
    database,
    temporal,
    sagas,
    log,
    intervalMs: config.SWEEP_INTERVAL,
    examineAgainMs: config.SWEEP_AFTER,
    adoption: new AdoptionPolicy({ mode: config.ADOPT, broker, consumer, handledWithinMs: config.SWEEP_AFTER }),
  });

  const feed = new EventFeed({ reads, database, log });
  const streams = new EventStreams({ feed });
  const waits = new SettlementWaits({ reads, log });

  registerOrderMetrics({ database, reads, maxUnsettled: config.MAX_UNSETTLED, streams, waits });
  registerSagaMetrics(temporal);
  registerDependencyMetric({ primary, temporal, broker, consumer });
  if (broker) {
    registerParkedMetric(broker, PAYMENT_STAT);
    registerQueuedMetric(broker, PAYMENT_STAT);
  }

  const findKey: FindApiKey = async (prefix) => {
    const found = await reads.read((source) => findApiKey(source, prefix));
    // A secondary may not have a new key yet.
    return found ?? (config.DATABASE_READ_URLS.length > 0 ? findApiKey(database, prefix) : null);
  };
  const readiness = new OrderReadiness({ primary, reads, consumer, temporal });
  const instance = new InstanceReports({
    service: SERVICE,
    buildId,
    database,
    readiness: () => readiness.check(),
    log,
  });
  const parked = new ParkedQueue({
    settings: config,
    route: PAYMENT_STAT,
    alone: runAlone(database, parkedQueue(PAYMENT_STAT)),
    recordInHistory: (action, message) => recordInHistory(database, action, message),
  });
  const paymentApiOrigin = config.PAYMENT_API_ORIGIN === 'same' ? null : config.PAYMENT_API_ORIGIN;
  const pages = consolePages(paymentApiOrigin);
  if (!pages) log.warn('the console is not built, so it is not served');
  const app = createOrderApp({
    ...(pages && { pages }),
    log,
    readiness: () => readiness.check(),
    authenticate: createAuthenticate(config, findKey, log),
    isMigrated: () => readiness.migrated,
    stopping,
    policy: httpPolicyOf(config, config.LISTEN_ADDRESS),
    database,
    reads,
    starter,
    sagas,
    backlog: { admit: (accept) => backlog.admit(() => rush.observe(accept)) },
    examineAfterMs: config.SWEEP_AFTER,
    feed,
    streams,
    waits,
    parked,
    inspection: {
      findFailing: shareReads(() => findFailingSagas(temporal), FAILING_SAGAS_AGE_MS),
      stateOf: (orderId) => sagas.stateOfSaga(orderId),
      traceOf: (orderId) => sagas.traceOfSaga(orderId),
      urlOf: (workflowId) => webUiUrlOf(config.TEMPORAL_UI_URL, config.TEMPORAL_NAMESPACE, workflowId),
    },
    maxUnsettled: config.MAX_UNSETTLED,
    consoleSettings: { paymentApiOrigin },
    sagaUrl: (orderId) => webUiUrlOf(config.TEMPORAL_UI_URL, config.TEMPORAL_NAMESPACE, orderWorkflowId(orderId)),
  });
  const management = await serveManagement(config, { log, readiness: () => readiness.check(), stopping });
  const http = await serveHttp(app, config.PORT, {
    address: config.LISTEN_ADDRESS,
    keepAliveMs: config.KEEP_ALIVE_TIMEOUT,
  });
  // Requests in flight still start sagas; all of these parts use the database and the broker.
  groups.push(management, [...parts, ...(broker ? [broker] : [])], [starter]);
  groups.push([http, instance, feed, waits, sweeper, temporal, ...(consumer ? [consumer] : [])]);

  await prepareSchema(schema);
  await whenAvailable('PostgreSQL', { log, attempt: () => loadPredefined(database) });
  readiness.migrated = true;
  instance.start();
  temporal.start();
  sweeper.start();
  await broker?.open();
});
