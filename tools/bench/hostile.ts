import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seedOrders } from '@shop/dev/seeded-orders';
import { withDatabase } from '@shop/dev/with-database';
import { readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { startOurs, type RunningShop } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import { placeOrders, type Service } from './hostile/honest-client';
import type { Observation } from './hostile/hostile-load';
import { hostileLoads, type HostileLoadName } from './hostile/hostile-loads';
import type { HostileTask } from './hostile/hostile-process';
import { LIMITS } from './hostile/limits';
import { stopDuringBody } from './hostile/stalled-stop';
import { residentMb } from './measurement/resident-memory';
import { markdownTable } from './report/report';

// Implements `make bench-hostile`: an honest client places orders alone, and while others try to starve the service.
const NAMES = [...(Object.keys(hostileLoads) as HostileLoadName[]), 'stop' as const];
const { HOSTILE_ONLY } = readOrExit(() =>
  readEnvironment(
    z.object({
      HOSTILE_ONLY: z
        .string()
        .default('')
        .transform((text) => (text === '' ? NAMES : text.split(',')))
        .pipe(z.array(z.enum(NAMES, { error: `is not one of ${NAMES.join(', ')}` }))),
    }),
  ),
);
const ORDERS = 10_000;
/** Random text, which PostgreSQL cannot compress. */
const LARGE_PRODUCTS = `UPDATE products SET description =
  (SELECT string_agg(md5(product_id::text || n), '') FROM generate_series(1, 312) AS n)`;
const WARM_UP_SECONDS = 4;
const ALONE_SECONDS = 8;
/** The load has reached the service before the honest client is measured. */
const HEAD_START_MS = 1_000;

interface Row {
  title: string;
  alone: Service | null;
  during: Service | null;
  memoryMb: number | null;
  metricsKb: string;
  text: string;
  problems: string[];
}

async function benchHostile(environment: BenchEnvironment): Promise<boolean> {
  const shop = await startOurs(environment, undefined, async (databaseUrl) => {
    await seedOrders(databaseUrl, { orders: ORDERS, seed: 1 });
    await withDatabase(databaseUrl, (sql) => sql.query(LARGE_PRODUCTS));
  });
  const rows: Row[] = [];
  for (const [index, name] of HOSTILE_ONLY.entries()) {
    // A new process: its largest memory is that of this load.
    if (index > 0) await shop.restartServices();
    rows.push(name === 'stop' ? await measureStop(environment, shop) : await measureLoad(environment, shop, name));
    printProgress(`${rows.at(-1)!.title}: ${verdictOf(rows.at(-1)!)}`);
  }
  await shop.inspector.close();
  process.stdout.write(
    `${markdownTable(
      ['load', 'p50 alone', 'p50, ms', 'p99 alone', 'p99, ms', 'failed', 'MB', '/metrics, kB', 'observed', 'verdict'],
      rows.map((row) => [
        row.title,
        milliseconds(row.alone?.p50),
        milliseconds(row.during?.p50),
        milliseconds(row.alone?.p99),
        milliseconds(row.during?.p99),
        row.during ? failuresOf(row.during) : '–',
        row.memoryMb?.toFixed(0) ?? '–',
        row.metricsKb,
        row.text,
        verdictOf(row),
      ]),
    )}\n`,
  );
  return rows.every(({ problems }) => problems.length === 0);
}

async function measureLoad(environment: BenchEnvironment, shop: RunningShop, name: HostileLoadName): Promise<Row> {
  const { title, seconds } = hostileLoads[name];
  const { port } = new URL(shop.url);
  await placeOrders(shop.url, WARM_UP_SECONDS);
  const alone = await placeOrders(shop.url, ALONE_SECONDS);
  const before = await metricsKb(shop.url);

  const load = applyLoad({ name, port: Number(port) });
  await delay(HEAD_START_MS);
  const [during, { text, problems }] = await Promise.all([placeOrders(shop.url, seconds - 2), load]);

  const server = shop.components.orders!;
  if (!environment.isRunning(server)) {
    return { title, alone, during, memoryMb: null, metricsKb: '–', text, problems: [...problems, 'the service ended'] };
  }
  const memoryMb = residentMb(environment.pidOf(server), 'VmHWM');
  const after = await metricsKb(shop.url);
  const exceeded = [
    ...(isTooSlow(during.p50, alone.p50, LIMITS.medianMs) ? ['median'] : []),
    ...(isTooSlow(during.p99, alone.p99, LIMITS.p99Ms) ? ['p99'] : []),
    ...(during.failures.length > LIMITS.failures ? ['failed orders'] : []),
    ...(memoryMb > LIMITS.memoryMb ? ['memory'] : []),
    ...(after - before > LIMITS.metricsGrowthKb ? ['size of /metrics'] : []),
  ];
  const growth = `${before.toFixed(0)} to ${after.toFixed(0)}`;
  return { title, alone, during, memoryMb, metricsKb: growth, text, problems: [...problems, ...exceeded] };
}

const isTooSlow = (ms: number, aloneMs: number, limitMs: number): boolean =>
  ms > Math.max(limitMs, LIMITS.slowdown * aloneMs);

async function measureStop(environment: BenchEnvironment, shop: RunningShop): Promise<Row> {
  const observation = await stopDuringBody(environment, Number(new URL(shop.url).port));
  return { title: 'a client stalls in the middle of a body when SIGTERM arrives', ...NOT_MEASURED, ...observation };
}

const NOT_MEASURED = { alone: null, during: null, memoryMb: null, metricsKb: '–' };

/** Such as `3 of 160 (503)`. */
const failuresOf = ({ failures, orders }: Service): string =>
  `${failures.length} of ${orders}${failures.length > 0 ? ` (${[...new Set(failures)].join(', ')})` : ''}`;
const milliseconds = (value: number | undefined): string => value?.toFixed(0) ?? '–';
const verdictOf = ({ problems }: Row): string => (problems.length === 0 ? 'met' : `broken: ${problems.join(', ')}`);

async function metricsKb(url: string): Promise<number> {
  const response = await fetch(new URL('/metrics', url));
  return (await response.arrayBuffer()).byteLength / 1_000;
}

async function applyLoad(task: HostileTask): Promise<Observation> {
  const child = fork(require.resolve('./hostile/hostile-process'), { serialization: 'advanced' });
  child.send(task);
  const [observation] = (await once(child, 'message')) as [Observation];
  return observation;
}

void runBenchmark(resolve('.data', 'bench', 'hostile'), ['ours'], benchHostile);
