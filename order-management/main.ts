import { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { parkedQueue, PAYMENT_STAT } from '@shop/amqp/topology';
import { connectOrders } from '@shop/prisma/clients';
import { isDatabaseDown } from '@shop/prisma/errors';
import { migrate } from '@shop/prisma/migrate';
import { readOrExit } from '@shop/service/environment';
import { serveHttp } from '@shop/service/http-server';
import { lookedUp, messages } from '@shop/service/metrics';
import { runUntilSignal, whenAvailable } from '@shop/service/lifecycle';
import { createLog } from '@shop/service/log';
import { installTemporalRuntime, Temporal, TemporalDown } from '@shop/service/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE } from '@shop/workflows/contract';
import { loadPredefined } from './catalog/predefined';
import { readConfig } from './config';
import { createOrderApp } from './http/app';
import { countUnsettledOrders } from './orders/unsettled-orders';
import { createOrderActivities } from './saga/activities';
import { createPaymentBridge } from './saga/payment-bridge';
import { registerSearchAttributes } from './saga/register-search-attributes';
import { SagaStarter } from './saga/saga-starter';
import { Sagas } from './saga/sagas';
import { Sweeper } from './saga/sweeper';

const config = readOrExit(readConfig);
const log = createLog('order-management', config.LOG_LEVEL);
installTemporalRuntime(log);

void runUntilSignal(log, async (parts) => {
  const database = connectOrders(config.DATABASE_URL, { poolSize: config.DATABASE_POOL_SIZE });
  parts.push({ name: 'database', stop: () => database.$disconnect() });
  const databaseAnswers = async () => void (await database.$queryRaw`SELECT 1`);

  const broker = config.AMQP_URL ? new Broker({ url: config.AMQP_URL, connectionName: 'order-management', log }) : null;
  const temporal = new Temporal({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
    log,
    prepare: (connection) => registerSearchAttributes(connection, config.TEMPORAL_NAMESPACE, log),
    worker: {
      taskQueue: ORDER_TASK_QUEUE,
      workflowBundle: { codePath: bundlePath('place-order') },
      activities: createOrderActivities({ database, broker }),
    },
  });
  const sagas = new Sagas(temporal, {
    channel: config.PAYMENT_CHANNEL,
    asks: config.PAYMENT_ASKS,
    askTimeoutMs: config.PAYMENT_TIMEOUT,
  });
  const starter = new SagaStarter(sagas, log);
  const sweeper = new Sweeper({
    database,
    temporal,
    sagas,
    log,
    intervalMs: config.SWEEP_INTERVAL,
    examineAgainMs: config.SWEEP_AFTER,
  });
  const consumer =
    broker &&
    new Consumer({
      broker,
      route: PAYMENT_STAT,
      log,
      count: (outcome) => messages.inc({ queue: PAYMENT_STAT.queue, outcome }),
      handle: createPaymentBridge({ database, sagas, log }),
      isOutage: (error) => error instanceof TemporalDown || isDatabaseDown(error),
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

  let migrated = false;
  const readiness = async () => {
    const databaseUp = await databaseAnswers().then(
      () => true,
      () => false,
    );
    return {
      ready: databaseUp && migrated, // orders are accepted while the rest is away, and settle after
      checks: {
        database: databaseUp ? (migrated ? 'up' : 'migrating') : 'down',
        broker: consumer ? (consumer.isUp ? 'consuming' : 'down') : 'none',
        temporal: temporal.isUp ? 'working' : 'down',
      },
    };
  };
  const app = createOrderApp({ log, readiness, database, starter, sagas, examineAfterMs: config.SWEEP_AFTER });
  parts.push(await serveHttp(app, config.PORT));

  await whenAvailable('PostgreSQL', {
    log,
    isOutage: isDatabaseDown,
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
