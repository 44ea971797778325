import { resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { startOurs } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import { measure } from './measurement/measure';
import { memoryTrendOf } from './measurement/memory-sampler';
import { replaceSection } from './report/publish';
import { markdownTable } from './report/report';
import { readSettings } from './settings';

// Implements `make bench-overload`: offers more than twice the rate that this shop settles, then waits until all accepted
// orders have settled.
const settings = readOrExit(readSettings);
const FULL_SIZE_SECONDS = 600; // a run is published from this duration on
const WARM_UPS = 2;
// A quarter above the required factor of 2: after minutes of load the shop may settle more than in a burst.
const LOAD_FACTOR = 2.5;
const seconds = Math.ceil(settings.OVERLOAD_FOR / 1_000);

async function overload(environment: BenchEnvironment): Promise<boolean> {
  const shop = await startOurs(environment);
  let [accepted, capacity] = [0, 0];
  for (let burst = 0; burst <= WARM_UPS; burst++) {
    const load = { kind: 'burst', orders: settings.BENCH_ORDERS, connections: 16 } as const;
    const { measurement } = await measure(environment, shop, load);
    accepted += measurement.orders;
    capacity = measurement.settledPerSecond;
  }
  const ordersPerSecond = settings.OVERLOAD_PER_SECOND || Math.ceil(capacity * LOAD_FACTOR);
  printProgress(`A burst settles ${capacity.toFixed(0)} orders/s; the offered load is ${ordersPerSecond} orders/s.`);

  // If orders are accepted at twice the rate at which they settle, the backlog takes as long as the load. Allow three
  // times that.
  const settleTimeoutMs = 60_000 + 3 * settings.OVERLOAD_FOR;
  const load = { kind: 'paced', ordersPerSecond, seconds } as const;
  const { measurement, memory } = await measure(environment, shop, load, settleTimeoutMs);
  const violations = await shop.inspector.findViolations(accepted + measurement.orders);
  const ended = Object.values(shop.components).filter((server) => !environment.isRunning(server));
  await shop.inspector.close();

  const trend = memoryTrendOf(memory);
  const { offeredPerSecond, settledPerSecond } = measurement;
  const rejected = Object.entries(measurement.rejected).map(([status, count]) => `${count} rejected with ${status}`);
  const verdicts: [string, boolean][] = [
    ['the offered rate was at least twice the settled rate', offeredPerSecond >= 2 * settledPerSecond],
    ['the limit on unsettled orders was reached: POSTs were rejected with 503', (measurement.rejected['503'] ?? 0) > 0],
    ['no process ended', ended.length === 0],
    ['every POST received 201, or 503 with Retry-After', measurement.invalidResponses === 0],
    ['every accepted order settled', measurement.unsettled === 0],
    ['orders, payments and stock are consistent', violations.length === 0],
    ['memory is bounded', trend.bounded],
  ];
  const report = [
    `For ${seconds} s ${offeredPerSecond.toFixed(0)} orders/s were offered and ${settledPerSecond.toFixed(0)} orders/s ` +
      `settled, a ratio of ${(offeredPerSecond / settledPerSecond).toFixed(1)}; a burst before it settled ` +
      `${capacity.toFixed(0)} orders/s. ${measurement.orders} orders were accepted, ` +
      `${rejected.length > 0 ? rejected.join(', ') : 'none rejected'}. The POST took ${measurement.postP50.toFixed(0)} ms ` +
      `(p50) and ${measurement.postP99.toFixed(0)} ms (p99). The last order settled ` +
      `${Math.max(0, measurement.seconds - seconds).toFixed(0)} s after the last POST.`,
    markdownTable(trend.columns, trend.rows),
    markdownTable(
      ['requirement', ''],
      verdicts.map(([requirement, met]) => [requirement, met ? 'met' : 'missed']),
    ),
    ...violations,
  ].join('\n\n');
  process.stdout.write(`${report}\n`);
  if (seconds >= FULL_SIZE_SECONDS) replaceSection('overload', report);
  return verdicts.every(([, met]) => met);
}

void runBenchmark(resolve('.data', 'bench', 'overload'), ['ours'], overload);
