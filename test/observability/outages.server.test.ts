import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parkedQueue, PAYMENT_STAT } from '@shop/amqp/topology';
import { freePort } from '@shop/dev/ports';
import { startPostgres } from '@shop/dev/postgres';
import { Servers } from '@shop/dev/servers';
import { withDatabase } from '@shop/dev/with-database';
import { ORDER_TASK_QUEUE, refundWorkflowId } from '@shop/workflows/contract';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { parse } from 'yaml';
import { eventually } from '../eventually';
import { temporaryFolder } from '../temporary-folder';
import { alertmanagerAt } from './alertmanager';
import { MonitoredShop } from './monitored-shop';
import { Pager } from './pager';
import { hasPrometheus, startAlertmanager, startPrometheus } from './prometheus-servers';
import { query } from './prometheus-query';
import { OBSERVABILITY } from './rule-files';
import { shortenDurations } from './shorten-durations';

// Causes outages of a running system, and sees what a real Prometheus and a real Alertmanager send: the alert of the outage
// and no other page. Durations in their configuration are divided by a factor; ages of orders and refunds are not.
//   make test-alerts     causes every outage; `make test` only the first
const FACTOR = 15; // an alert that waits for 1 min then needs two scrapes, which are 3 s apart
const MAX_UNSETTLED = 200;
/** Longer than an alert of a symptom waits (2 min) and Alertmanager waits for others of its group (30 s), by the factor. */
const SYMPTOMS_MS = 12_000;
const ALL = process.env['OUTAGES'] === 'all';
const testOf = { everyRun: test, testAlerts: ALL ? test : test.skip };

const describeWithPrometheus = hasPrometheus || process.env['CI'] ? describe : describe.skip;

describeWithPrometheus('the alerts', () => {
  const folder = temporaryFolder('outages');
  const servers = new Servers(join(folder, 'logs'));
  let postgres: string;
  let secondary: string;
  let shop: MonitoredShop;
  let pager: Pager;
  let alertmanager: ReturnType<typeof alertmanagerAt>;
  let temporal: Connection;
  let failingSaga: WorkflowHandle;

  beforeAll(async () => {
    const primaryFolder = join(folder, 'primary');
    postgres = await startPostgres({ port: await freePort(), folder: primaryFolder, forTests: true }, servers);
    secondary = await startPostgres(
      {
        name: 'secondary',
        port: await freePort(),
        folder: join(folder, 'secondary'),
        forTests: true,
        secondaryOf: { url: postgres, folder: primaryFolder },
      },
      servers,
    );
    const [databaseUrl, readUrl] = [postgres, secondary].map((url) => url.replace(/postgres$/, 'shop')) as [
      string,
      string,
    ];
    postgres = databaseUrl;
    shop = await MonitoredShop.start({
      virtualHost: 'outages',
      databaseUrl,
      readUrls: [readUrl],
      maxUnsettled: MAX_UNSETTLED,
    });
    temporal = await Connection.connect({ address: shop.temporalAddress.address });
    await startFailingSaga();

    pager = await Pager.start();
    alertmanager = alertmanagerAt(await startAlertmanager({ configuration: routesTo(pager), folder }, servers));
    const { url } = alertmanager;
    const prometheus = await startPrometheus(
      { folder, targets: shop.targets, alertmanager: url, factor: FACTOR },
      servers,
    );
    // Few, because a busy machine may need more than 500 ms for some: ten such orders would page.
    shop.keepPlacing(2_000);
    await eventually(async () => expect(await query(prometheus, 'slo:errors:ratio_rate5m')).toHaveLength(3), 90_000);
    await expectNoPage(); // until the first scrape, both services seem to be down
  });
  afterAll(async () => {
    await shop.stop();
    await pager.close();
    await temporal.close();
    await servers.stopAll();
    rmSync(folder, { recursive: true });
  });

  /** Starts a saga whose workflow task always fails: the workers of its task queue do not have its code. */
  async function startFailingSaga(): Promise<void> {
    failingSaga = await new Client({ connection: temporal, namespace: shop.temporalAddress.namespace }).workflow.start(
      'refundPayment',
      { workflowId: refundWorkflowId({ orderId: randomUUID() }), taskQueue: ORDER_TASK_QUEUE },
    );
  }

  const expectNoPage = (): Promise<void> =>
    eventually(async () => {
      const alerts = await alertmanager.alerts();
      expect(alerts.filter(({ severity }) => severity === 'page')).toEqual([]);
    }, 60_000);

  /** Places enough orders for the page of an objective; one after the other, so that none is slow. */
  async function placeMany(): Promise<void> {
    for (let placed = 0; placed < 15; placed++) await shop.place();
  }

  /**
   * Waits for the alert of an outage, ends the outage, and waits for the end of the alert.
   *
   * @param expected `mutes` names a page that the outage causes and the alert mutes
   */
  async function expectOnly(
    { alert, page, mutes }: { alert: string; page: boolean; mutes?: string },
    cause: () => Promise<unknown>,
    heal: () => Promise<unknown>,
  ): Promise<void> {
    await expectNoPage();
    pager.forget();
    const otherPages = (): string[] => pager.sentTo('pages').filter((name) => !page || name !== alert);
    try {
      await cause();
      await eventually(async () => {
        const alerts = await alertmanager.alerts();
        expect(alerts).toContainEqual(expect.objectContaining({ name: alert, state: 'active' }));
        if (mutes !== undefined) expect(alerts).toContainEqual({ name: mutes, severity: 'page', state: 'suppressed' });
      }, 60_000);
      await delay(SYMPTOMS_MS);
      expect(otherPages()).toEqual([]);
    } finally {
      await heal();
    }
    await eventually(async () => {
      const names = (await alertmanager.alerts()).map(({ name }) => name);
      expect(names).not.toContain(alert);
    }, 120_000);
    expect(otherPages()).toEqual([]);
  }

  testOf.everyRun('page for a dead payment service, and for nothing else', () =>
    expectOnly(
      { alert: 'PaymentServiceDown', page: true },
      () => shop.killService('payment-processing'),
      () => shop.startService('payment-processing'),
    ),
  );

  testOf.testAlerts('page for an unavailable database, not for the errors and late orders that it causes', () =>
    expectOnly(
      { alert: 'DatabaseUnavailable', page: true, mutes: 'AcceptanceSloBurn' },
      async () => {
        await shop.database.stop();
        await placeMany();
      },
      () => shop.database.restart(),
    ),
  );

  testOf.testAlerts('page for an unavailable broker', () =>
    expectOnly(
      { alert: 'BrokerUnavailable', page: true },
      async () => {
        await shop.broker.stop();
        await placeMany();
      },
      () => shop.broker.restart(),
    ),
  );

  testOf.testAlerts('page for an unavailable Temporal', () =>
    expectOnly(
      { alert: 'TemporalUnavailable', page: true },
      async () => {
        await shop.temporal.stop();
        await placeMany();
      },
      () => shop.temporal.restart(),
    ),
  );

  testOf.testAlerts('page for a backlog that is nearly full', () =>
    expectOnly(
      { alert: 'BacklogFull', page: true },
      () =>
        execute(
          postgres,
          `INSERT INTO orders (order_id, payment_status, order_status, stock_taken_at, examine_after)
           SELECT gen_random_uuid(), 'pending', 'placed', now(), now() + interval '1 day'
           FROM generate_series(1, ${MAX_UNSETTLED * 0.95})`,
        ),
      () => execute(postgres, `DELETE FROM orders WHERE examine_after > now() + interval '1 hour'`),
    ),
  );

  testOf.testAlerts('open a ticket for a secondary that lags', () =>
    expectOnly(
      { alert: 'ReplicationLagHigh', page: false },
      () => execute(secondary, 'SELECT pg_wal_replay_pause()'),
      () => execute(secondary, 'SELECT pg_wal_replay_resume()'),
    ),
  );

  testOf.testAlerts('open a ticket for a parked message', () =>
    expectOnly(
      { alert: 'MessagesParked', page: false },
      () => shop.queues.send(PAYMENT_STAT, 'not JSON'),
      () => shop.queues.take(parkedQueue(PAYMENT_STAT)),
    ),
  );

  testOf.testAlerts('open a ticket for a refund that is stuck', () =>
    expectOnly(
      { alert: 'RefundsStuck', page: false },
      () =>
        execute(
          postgres,
          `INSERT INTO refunds_due (refund_id, order_id, noted_at, examine_after)
           SELECT gen_random_uuid(), order_id, now() - interval '1 hour', now() + interval '1 day' FROM orders LIMIT 1`,
        ),
      () => execute(postgres, 'DELETE FROM refunds_due'),
    ),
  );

  // A saga counts as failing 30 seconds after its start, and sagas are counted every 60 seconds.
  testOf.testAlerts('open a ticket for a saga that fails', () =>
    expectOnly(
      { alert: 'SagaFailing', page: false },
      async () => undefined, // it has been failing since the start of the tests
      () => failingSaga.terminate(),
    ),
  );
});

const execute = (url: string, statement: string): Promise<unknown> => withDatabase(url, (sql) => sql.query(statement));

/** Reads the product's Alertmanager configuration, with shorter durations and with a pager as its receivers. */
function routesTo(pager: Pager): object {
  const text = readFileSync(join(OBSERVABILITY, 'alertmanager.yml'), 'utf8');
  const { route, ...others } = parse(text.replaceAll('http://localhost:5001', pager.url)) as { route: object };
  return { ...others, route: shortenDurations(route, FACTOR) };
}
