import '@shop/runtime/source-maps'; // first: it maps only what is loaded after it
import { Broker } from '@shop/amqp/broker';
import { registerParkedMetric } from '@shop/amqp/parked-metric';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { createTemporal } from '@shop/runtime/create-temporal';
import { serveHttp } from '@shop/runtime/http-server';
import { runService } from '@shop/runtime/service';
import { bundlePath } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE } from '@shop/workflows/contract';
import { readConfig } from './config';
import { openDatabase, prepareDatabase } from './database';
import { createOrderApp } from './http/app';
import { registerOrderMetrics } from './metrics';
import { Backlog } from './orders/backlog';
import { OrderReadiness } from './readiness';
import { createOrderActivities } from './saga/activities';
import { createAdoptionPolicy } from './saga/adoption-policy';
import { createPaymentConsumer } from './saga/payment-consumer';
import { PaymentHandover } from './saga/payment-handover';
import { registerSearchAttributes } from './saga/register-search-attributes';
import { SagaStarter } from './saga/saga-starter';
import { Sagas } from './saga/sagas';
import { Sweeper } from './saga/sweeper';

const SERVICE = 'order-management';

void runService(SERVICE, readConfig, async ({ config, log, parts, stopping }) => {
  const { database, primary, reads } = openDatabase(config, log, parts);
  const broker = config.AMQP_URL ? new Broker({ url: config.AMQP_URL, connectionName: SERVICE, log }) : null;
  const handover = new PaymentHandover();
  const temporal = createTemporal(config, {
    service: SERVICE,
    log,
    bundle: bundlePath('place-order'),
    taskQueue: ORDER_TASK_QUEUE,
    activities: createOrderActivities({ database, broker, handover }),
    prepare: (connection) => registerSearchAttributes(connection, config.TEMPORAL_NAMESPACE, log),
  });
  const sagas = new Sagas(temporal, {
    channel: config.PAYMENT_CHANNEL,
    asks: config.PAYMENT_ASKS,
    askTimeoutMs: config.PAYMENT_TIMEOUT,
  });
  const backlog = new Backlog(database, config.MAX_UNSETTLED, handover);
  const starter = new SagaStarter(sagas, handover, backlog, log);
  const consumer = broker && createPaymentConsumer({ broker, temporal, database, sagas, handover, log });
  const sweeper = new Sweeper({
    database,
    temporal,
    sagas,
    log,
    intervalMs: config.SWEEP_INTERVAL,
    examineAgainMs: config.SWEEP_AFTER,
    mayAdopt: createAdoptionPolicy(broker, consumer),
  });
  parts.push(...(broker ? [broker] : []), temporal, starter, sweeper, ...(consumer ? [consumer] : []));

  registerOrderMetrics(database, reads);
  if (broker) registerParkedMetric(broker, PAYMENT_STAT);

  const readiness = new OrderReadiness({ primary, reads, consumer, temporal });
  const app = createOrderApp({
    log,
    readiness: () => readiness.check(),
    stopping,
    database,
    reads,
    starter,
    sagas,
    backlog,
    examineAfterMs: config.SWEEP_AFTER,
  });
  parts.push(await serveHttp(app, config.PORT, config.LISTEN_ADDRESS));

  await prepareDatabase(config.DATABASE_URL, database, log);
  readiness.migrated = true;
  temporal.start();
  sweeper.start();
  await broker?.open();
});
