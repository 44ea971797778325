import '@shop/runtime/source-maps'; // first: it maps what is loaded after it
import { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PAYMENT_STAT } from '@shop/amqp/topology';
import { connectOrders } from '@shop/prisma/clients';
import { isDatabaseUnavailable } from '@shop/prisma/errors';
import { migrate } from '@shop/prisma/migrate';
import { ReplicationProbe } from '@shop/prisma/replication';
import { buildIdOf, showBuildId } from '@shop/runtime/build-id';
import { readOrExit } from '@shop/runtime/environment';
import { serveHttp } from '@shop/runtime/http-server';
import { lookedUp, messages } from '@shop/runtime/metrics';
import { runUntilSignal, whenAvailable } from '@shop/runtime/lifecycle';
import { createLog } from '@shop/runtime/log';
import { installTemporalRuntime, Temporal, TemporalUnavailableError } from '@shop/runtime/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE } from '@shop/workflows/contract';
import { loadPredefined } from './catalog/predefined';
import { readConfig } from './config';
import { createOrderApp } from './http/app';
import { Backlog } from './orders/backlog';
import { countRefundsDue } from './orders/refunds-due';
import { countUnsettledOrders } from './orders/unsettled-orders';
import { ReadClient } from './reads/read-client';
import { createOrderActivities } from './saga/activities';
import { PaymentHandover } from './saga/payment-handover';
import { createPaymentBridge } from './saga/payment-bridge';
import { registerSearchAttributes } from './saga/register-search-attributes';
import { SagaStarter } from './saga/saga-starter';
import { Sagas } from './saga/sagas';
import { Sweeper } from './saga/sweeper';

const config = readOrExit(readConfig);
const log = createLog('order-management', config.LOG_LEVEL);
installTemporalRuntime(log);

const bundle = bundlePath('place-order');
const buildId = config.BUILD_ID ?? buildIdOf(bundle);
showBuildId(buildId);

void runUntilSignal({ log, drainMs: config.DRAIN_TIME }, async (parts, stopping) => {
  const database = connectOrders(config.DATABASE_URL, { poolSize: config.DATABASE_POOL_SIZE });
  parts.push({ name: 'database', stop: () => database.$disconnect() });
  const databaseAnswers = async () => void (await database.$queryRaw`SELECT 1`);

  const primary = new ReplicationProbe(config.DATABASE_URL, 'primary');
  parts.push({ name: 'probe of the database', stop: () => primary.stop() });
  const reads = new ReadClient(database, {
    primary,
    secondaryUrls: config.DATABASE_READ_URLS,
    poolSize: config.DATABASE_POOL_SIZE,
    maxLagMs: config.READ_MAX_LAG,
    waitMs: config.READ_WAIT,
    log,
  });
  reads.start();
  parts.push(reads);

  const broker = config.AMQP_URL ? new Broker({ url: config.AMQP_URL, connectionName: 'order-management', log }) : null;
  const handover = new PaymentHandover();
  const temporal = new Temporal({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
    tls: config.TEMPORAL_TLS === 'on',
    apiKey: config.TEMPORAL_API_KEY,
    log,
    version: { deploymentName: 'order-management', buildId },
    versioning: config.WORKER_VERSIONING,
    prepare: (connection) => registerSearchAttributes(connection, config.TEMPORAL_NAMESPACE, log),
    worker: {
      taskQueue: ORDER_TASK_QUEUE,
      workflowBundle: { codePath: bundle },
      activities: createOrderActivities({ database, broker, handover }),
    },
  });
  const sagas = new Sagas(temporal, {
    channel: config.PAYMENT_CHANNEL,
    asks: config.PAYMENT_ASKS,
    askTimeoutMs: config.PAYMENT_TIMEOUT,
  });
  const backlog = new Backlog(database, config.MAX_UNSETTLED, handover);
  const starter = new SagaStarter(sagas, handover, backlog, log);
  const sweeper = new Sweeper({
    database,
    temporal,
    sagas,
    log,
    intervalMs: config.SWEEP_INTERVAL,
    examineAgainMs: config.SWEEP_AFTER,
    mayAdopt: async () =>
      !broker || (consumer?.isUp === true && (await broker.waitingIn(PAYMENT_STAT.queue).catch(() => 1)) === 0),
  });
  const consumer =
    broker &&
    new Consumer({
      broker,
      route: PAYMENT_STAT,
      log,
      count: (outcome) => messages.inc({ queue: PAYMENT_STAT.queue, outcome }),
      handle: createPaymentBridge({ database, sagas, handover, log }),
      isOutage: (error) => error instanceof TemporalUnavailableError || isDatabaseUnavailable(error),
      probe: async () => {
        await databaseAnswers();
        await temporal.probe();
      },
    });
  parts.push(...(broker ? [broker] : []), temporal, starter, sweeper, ...(consumer ? [consumer] : []));

  if (broker) {
    lookedUp('parked_messages', 'Messages that wait for an operator.', 'queue', async () => ({
      [PAYMENT_STAT.queue]: await broker.waitingIn(parkedQueue(PAYMENT_STAT)),
    }));
  }
  lookedUp('orders_unsettled', 'Orders that are neither shipped nor cancelled.', 'status', async () => ({
    placed: await countUnsettledOrders(database),
  }));
  lookedUp('refunds_due', 'Refunds that have not been seen to end.', 'state', async () => ({
    due: await countRefundsDue(database),
  }));
  lookedUp('secondary_usable', 'Whether a secondary of the database is read: 1 or 0.', 'secondary', async () =>
    Object.fromEntries(reads.secondaryStates.map(({ name, usable }) => [name, Number(usable)])),
  );
  lookedUp('secondary_lag_seconds', 'How far a secondary is behind the primary.', 'secondary', async () =>
    Object.fromEntries(
      reads.secondaryStates.flatMap(({ name, lagMs }) => (lagMs === null ? [] : [[name, lagMs / 1_000]])),
    ),
  );

  let migrated = false;
  const readiness = async () => {
    const databaseUp = await primary.answers();
    return {
      // Orders are accepted while all but the database is away, and settle after; secondaries go on without a primary.
      ready: migrated && (databaseUp || reads.secondaryStates.some(({ usable }) => usable)),
      checks: {
        database: databaseUp ? (migrated ? 'up' : 'migrating') : 'down',
        broker: consumer ? (consumer.isUp ? 'consuming' : 'down') : 'none',
        temporal: temporal.isUp ? 'working' : 'down',
        ...Object.fromEntries(reads.secondaryStates.map(({ name, state }) => [`secondary ${name}`, state])),
      },
    };
  };
  const app = createOrderApp({
    log,
    readiness,
    stopping,
    database,
    reads,
    starter,
    sagas,
    backlog,
    examineAfterMs: config.SWEEP_AFTER,
  });
  parts.push(await serveHttp(app, config.PORT, config.LISTEN_ADDRESS));

  await whenAvailable('PostgreSQL', {
    log,
    isOutage: isDatabaseUnavailable,
    attempt: async () => {
      const applied = await migrate(config.DATABASE_URL, 'orders');
      if (applied.length > 0) log.info({ applied }, 'migrations applied');
      await loadPredefined(database);
    },
  });
  migrated = true;
  temporal.start();
  sweeper.start();
  await broker?.open();
});
