import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { Servers } from '@shop/dev/servers';
import { join } from 'node:path';
import { eventually } from '../eventually';
import { createDatabase } from '../servers';
import { temporaryFolder } from '../temporary-folder';
import { readPanelQueries } from './dashboard-files';
import { MonitoredShop } from './monitored-shop';
import { hasPrometheus, startPrometheus } from './prometheus-servers';
import { query } from './prometheus-query';
import { readRules } from './rule-files';
import { selectorsOf } from './selectors';
import { shortenDurations } from './shorten-durations';

// A Prometheus scrapes both services while they handle orders: paid, declined and refused ones. No query is out of date.
const FACTOR = 30;
const describeWithPrometheus = hasPrometheus || process.env['CI'] ? describe : describe.skip;

describeWithPrometheus('with a Prometheus that scrapes both services under load', () => {
  const folder = temporaryFolder('queries');
  const servers = new Servers(join(folder, 'logs'));
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let shop: MonitoredShop;
  let prometheus: string;

  beforeAll(async () => {
    database = await createDatabase('monitored');
    // The primary takes the place of a secondary, so that the metrics of secondaries exist.
    const readUrls = [database.url];
    shop = await MonitoredShop.start({
      virtualHost: 'monitored',
      databaseUrl: database.url,
      readUrls,
      maxUnsettled: 500,
    });
    prometheus = await startPrometheus({ folder, targets: shop.targets, factor: FACTOR }, servers);
    await eventually(async () => expect(await query(prometheus, 'up == 1')).toHaveLength(2));

    await shop.queues.send(PAYMENT_STAT, 'not JSON');
    expect((await shop.place(300)).status).toBe(201); // 1,500 dollars: declined
    await shop.orders.request('GET', '/products');
    // The saga waits for a signal. Its first workflow task starts with it; only later ones wait for a worker.
    shop.payments.send('SIGSTOP');
    expect((await shop.place()).status).toBe(201);
    await delay(1_000);
    shop.payments.send('SIGCONT');
    await shop.database.stop();
    expect((await shop.place()).status).toBe(503);
    await shop.database.restart();
    await shop.orders.request('GET', '/products');
    shop.keepPlacing(300);
  });
  afterAll(async () => {
    await shop.stop();
    await servers.stopAll();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** Waits until each query returns data. */
  const expectData = (queries: { name: string; expr: string }[]): Promise<void> =>
    eventually(async () => {
      expect(queries).not.toEqual([]);
      const empty: string[] = [];
      for (const { name, expr } of queries) {
        if ((await query(prometheus, expr)).length === 0) empty.push(`${name}: ${expr}`);
      }
      expect(empty).toEqual([]);
    }, 60_000);

  const rules = readRules().map((rule) => ({ ...rule, expr: String(shortenDurations(rule.expr, FACTOR)) }));

  test('every recording rule returns data', async () => {
    const recordings = rules.flatMap(({ record, expr }) => (record === undefined ? [] : [{ name: record, expr }]));
    await expectData(recordings);
  });

  // An alert that does not fire returns nothing. So the query must return no error, and each of its selectors data.
  test('every selector of every rule returns data', async () => {
    for (const { expr } of rules) await query(prometheus, expr);

    const selectors = rules.flatMap(({ alert, record, expr }) =>
      selectorsOf(expr).map((selector) => ({ name: alert ?? record ?? '', expr: selector })),
    );
    await expectData(selectors);
  });

  const panels = readPanelQueries();
  (panels.length > 0 ? test : test.skip)('every panel of every dashboard returns data', () => expectData(panels));
});
