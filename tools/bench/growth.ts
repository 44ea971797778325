import { resolve } from 'node:path';
import { findTemporalServer } from '@shop/cluster/programs';
import { readOrExit } from '@shop/runtime/environment';
import { startOurs } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import { startTemporalOnPostgres } from './environment/temporal-on-postgres';
import type { Load } from './load/load';
import { measure, type Measurement } from './measurement/measure';
import { memoryTrendOf, type MemoryTrend } from './measurement/memory-sampler';
import { problemsOf, sumOf } from './measurement/results';
import { replaceSection } from './report/publish';
import { markdownTable } from './report/report';
import { readSettings, type Settings } from './settings';

// Implements `make bench-growth`: measures the cost of an order as the number of stored orders grows, and the memory under
// a constant load.
const settings: Settings = readOrExit(readSettings);
// The number of orders from which on a run is published.
const FULL_SIZE = { halfLoadMs: 600_000, orders: 10_000 };
// The number of orders that are in flight while the store is filled. More would only wait in memory, and the sweeper
// would try to start the sagas of orders that wait too long a second time.
const FILL_BATCH = 2_000;

interface GrowthPoint {
  /** Where Temporal stores its data. */
  store: string;
  /** The number of orders that had settled before. */
  settled: number;
  burst: Measurement;
  paced: Measurement;
}

async function growth(environment: BenchEnvironment): Promise<boolean> {
  const programs = await findTemporalServer(printProgress); // first: the second store needs them only after an hour
  const stores = [
    { store: 'a file', logs: 'on-a-file', startTemporal: () => environment.startTemporal() },
    { store: 'PostgreSQL', logs: 'on-postgresql', startTemporal: () => startTemporalOnPostgres(environment, programs) },
  ];
  const points: GrowthPoint[] = [];
  const problems: string[] = [];
  let halfLoad: { ordersPerSecond: number; trend: MemoryTrend } | null = null;
  for (const { store, logs, startTemporal } of stores) {
    environment.beginCandidate(logs);
    const shop = await startOurs(environment, startTemporal);
    const total = { settled: 0 };
    const run = async (load: Load): ReturnType<typeof measure> => {
      const measured = await measure(environment, shop, load);
      total.settled += measured.measurement.orders;
      problems.push(...problemsOf({ ...measured.measurement, violations: [] }));
      return measured;
    };
    for (const size of settings.GROWTH_ORDERS) {
      while (total.settled < size) {
        await run({ kind: 'burst', orders: Math.min(FILL_BATCH, size - total.settled), connections: 16 });
      }
      const point: GrowthPoint = {
        store,
        settled: total.settled,
        burst: (await run({ kind: 'burst', orders: settings.BENCH_ORDERS, connections: 16 })).measurement,
        paced: (await run({ kind: 'paced', ordersPerSecond: 50, seconds: settings.BENCH_SECONDS })).measurement,
      };
      points.push(point);
      printProgress(rowOf(point).join('  '));
    }
    if (halfLoad === null) {
      const ordersPerSecond = Math.max(1, Math.floor(points.at(-1)!.burst.settledPerSecond / 2));
      const seconds = Math.ceil(settings.HALF_LOAD_FOR / 1_000);
      printProgress(`${ordersPerSecond} orders/s for ${seconds} s`);
      const { measurement, memory } = await run({ kind: 'paced', ordersPerSecond, seconds });
      halfLoad = { ordersPerSecond, trend: memoryTrendOf(memory) };
      // Half load must not reach the limit on unsettled orders.
      const rejected = Object.entries(measurement.rejected);
      problems.push(...rejected.map(([status, count]) => `at half load ${count} POSTs were rejected with ${status}`));
    }
    problems.push(...(await shop.inspector.findViolations(total.settled)));
    await shop.inspector.close();
    await environment.endCandidate();
  }
  if (halfLoad === null) throw new Error('Half load was not measured.');

  const { ordersPerSecond, trend } = halfLoad;
  const report = [
    markdownTable(COLUMNS, points.map(rowOf)),
    `Half load, ${ordersPerSecond} orders/s, for ${Math.round(settings.HALF_LOAD_FOR / 1_000)} s, with Temporal on a file:`,
    markdownTable(trend.columns, trend.rows),
    problems.length === 0 ? 'Orders, payments and stock were consistent.' : problems.join('\n\n'),
  ].join('\n\n');
  process.stdout.write(`${report}\n`);
  const { halfLoadMs, orders } = FULL_SIZE;
  if (settings.HALF_LOAD_FOR >= halfLoadMs && settings.GROWTH_ORDERS.some((size) => size >= orders)) {
    replaceSection('growth', report);
  }
  return trend.bounded && problems.length === 0;
}

const COLUMNS = [
  'Temporal on',
  'after orders',
  'settled/s',
  'CPU ms per order',
  'of it orders',
  'Temporal',
  'PostgreSQL',
  'POST p99 at 50 orders/s, ms',
  'Temporal, MB',
];

const rowOf = ({ store, settled, burst, paced }: GrowthPoint): string[] => [
  store,
  String(settled),
  burst.settledPerSecond.toFixed(0),
  sumOf(burst.cpuMsPerOrder).toFixed(1),
  ...(['orders', 'engine', 'PostgreSQL'] as const).map((component) => (burst.cpuMsPerOrder[component] ?? 0).toFixed(1)),
  paced.postP99.toFixed(1),
  (burst.memoryMb.engine ?? 0).toFixed(0),
];

void runBenchmark(resolve('.data', 'bench', 'growth'), ['ours'], growth);
