import { resolve } from 'node:path';
import { findTemporalServer } from '@shop/cluster/programs';
import { readOrExit } from '@shop/runtime/environment';
import { startOurs } from './candidates/candidates';
import type { Load } from './load/load';
import { measure, type Measured, type Measurement } from './measurement/measure';
import { QUARTER_HEADS, quartersOf } from './measurement/memory-sampler';
import { onStage } from './environment/run-benchmark';
import { publishPart } from './report/publish';
import { markdownTable } from './report/report';
import { flawsOf, total } from './measurement/results';
import { readSettings, type Settings } from './settings';
import { say, type Stage } from './environment/bench-environment';
import { startTemporalOnPostgres } from './environment/temporal-on-postgres';

/** What `make bench-growth` does: looks at what an order costs as orders pile up, and at memory under a steady load. */
const settings: Settings = readOrExit(readSettings);
const FULL_MS = 600_000;
// More would only wait in memory; and what waits too long, the sweeper starts as well.
const FILL_AT_ONCE = 2_000;

interface Stand {
  store: string;
  settled: number;
  burst: Measurement;
  paced: Measurement;
}

async function growth(stage: Stage): Promise<boolean> {
  const programs = await findTemporalServer(say); // before an hour has gone by
  const stores = [
    { store: 'a file', logs: 'on-a-file', startTemporal: () => stage.startTemporal() },
    { store: 'PostgreSQL', logs: 'on-postgresql', startTemporal: () => startTemporalOnPostgres(stage, programs) },
  ];
  const stands: Stand[] = [];
  const violations: string[] = [];
  let flat = { rows: [] as string[][], holds: false };
  let halfLoad = 0;
  for (const { store, logs, startTemporal } of stores) {
    stage.enter(logs);
    const shop = await startOurs(stage, startTemporal);
    const count = { settled: 0 };
    const go = async (load: Load): Promise<Measured> => {
      const measured = await measure(stage, shop, load);
      count.settled += measured.measurement.orders;
      violations.push(...flawsOf({ ...measured.measurement, violations: [] }));
      return measured;
    };
    for (const size of settings.GROWTH_ORDERS) {
      while (count.settled < size) {
        await go({ kind: 'burst', orders: Math.min(FILL_AT_ONCE, size - count.settled), connections: 16 });
      }
      const stand: Stand = {
        store,
        settled: count.settled,
        burst: (await go({ kind: 'burst', orders: settings.BENCH_ORDERS, connections: 16 })).measurement,
        paced: (await go({ kind: 'paced', perSecond: 50, seconds: settings.BENCH_SECONDS })).measurement,
      };
      stands.push(stand);
      say(rowOf(stand).join('  '));
    }
    if (store === stores[0]!.store) {
      halfLoad = Math.max(1, Math.floor(stands.at(-1)!.burst.settledPerSecond / 2));
      const seconds = Math.ceil(settings.HALF_LOAD_FOR / 1_000);
      say(`${halfLoad} orders a second for ${seconds} s`);
      const { measurement, memory } = await go({ kind: 'paced', perSecond: halfLoad, seconds });
      flat = quartersOf(memory);
      // Half of what settles must never reach the bound on what waits.
      const refused = Object.entries(measurement.refused);
      violations.push(...refused.map(([status, times]) => `${times} POSTs at half load were answered ${status}`));
    }
    violations.push(...(await shop.book.violations(count.settled)));
    await shop.book.close();
    await stage.clear();
  }

  const report = [
    markdownTable(HEADS, stands.map(rowOf)),
    `At half of what settles, ${halfLoad} orders a second, for ${Math.round(settings.HALF_LOAD_FOR / 1_000)} s, Temporal on its file:`,
    markdownTable(QUARTER_HEADS, flat.rows),
    violations.length === 0 ? 'Stock, payments and orders were as they should be.' : violations.join('\n\n'),
  ].join('\n\n');
  process.stdout.write(`${report}\n`);
  if (settings.HALF_LOAD_FOR >= FULL_MS && settings.GROWTH_ORDERS.some((size) => size >= 10_000)) {
    publishPart('growth', report);
  }
  return flat.holds && violations.length === 0;
}

const HEADS = [
  'Temporal on',
  'after orders',
  'settled/s',
  'CPU ms an order',
  'of it orders',
  'Temporal',
  'PostgreSQL',
  'POST p99 at 50/s, ms',
  'Temporal, MB',
];

const rowOf = ({ store, settled, burst, paced }: Stand): string[] => [
  store,
  String(settled),
  burst.settledPerSecond.toFixed(0),
  total(burst.cpuMsPerOrder).toFixed(1),
  ...(['orders', 'engine', 'PostgreSQL'] as const).map((part) => (burst.cpuMsPerOrder[part] ?? 0).toFixed(1)),
  paced.postP99.toFixed(1),
  (burst.memoryMb.engine ?? 0).toFixed(0),
];

void onStage(resolve('.data', 'bench', 'growth'), ['ours'], growth);
