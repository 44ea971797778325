import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { seedOrders } from '@shop/dev/seeded-orders';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { startOurs } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import type { ListRead, ListTask } from './load/list-process';
import type { Post } from './load/load';
import { postInChildProcess } from './measurement/measure';
import { residentMb } from './measurement/resident-memory';
import { quantile } from './measurement/statistics';
import { markdownTable } from './report/report';

// Implements `make bench-list`: clients read the list of all orders at the same time, while orders are placed.
const { ORDERS, CLIENTS } = readOrExit(() =>
  readEnvironment(z.object({ ORDERS: integer(1_000_000, 1_000, 10_000_000), CLIENTS: integer(20, 1, 100) })),
);
const ORDERS_PER_SECOND = 20;
const WARM_UP_SECONDS = 10;
/** The load comes in parts of this length, each from a new process, alone and during the reading. */
const PART_SECONDS = 10;
const PARTS_ALONE = 6;
const MAX_MEMORY_MB = 500;
const MAX_P99_FACTOR = 2;

async function benchList(environment: BenchEnvironment): Promise<boolean> {
  const shop = await startOurs(environment, undefined, async (databaseUrl) => {
    printProgress(`Seeding ${ORDERS} orders`);
    await seedOrders(databaseUrl, { orders: ORDERS, seed: 1 });
  });
  const post = (seconds: number): Promise<Post[]> =>
    postInChildProcess({ url: shop.url, load: { kind: 'paced', ordersPerSecond: ORDERS_PER_SECOND, seconds } });
  const pid = environment.pidOf(shop.components.orders!);

  await post(WARM_UP_SECONDS);
  const alone: Post[] = [];
  for (let part = 0; part < PARTS_ALONE; part++) alone.push(...(await post(PART_SECONDS)));
  const before = residentMb(pid, 'VmRSS');
  printProgress(`POST p99 alone ${p99Of(alone).toFixed(1)} ms; ${before.toFixed(0)} MB`);

  const progress = { isReading: true };
  const reading = readLists({ url: shop.url, clients: CLIENTS }).finally(() => (progress.isReading = false));
  const during: Post[] = [];
  while (progress.isReading) {
    during.push(...(await post(PART_SECONDS)));
    printProgress(`POST p99 so far ${p99Of(during).toFixed(1)} ms; ${residentMb(pid, 'VmRSS').toFixed(0)} MB`);
  }
  const lists = await reading;
  const peak = residentMb(pid, 'VmHWM');
  await shop.inspector.close();

  const [p99Alone, p99During] = [p99Of(alone), p99Of(during)];
  const rejected = [...alone, ...during].filter(({ status }) => status !== 201).length;
  const verdicts: [string, boolean][] = [
    [`every client received the complete list`, lists.every(({ complete }) => complete)],
    [`the memory of the order service stays under ${MAX_MEMORY_MB} MB`, peak < MAX_MEMORY_MB],
    [`the p99 of POST at most doubles`, p99During <= MAX_P99_FACTOR * p99Alone],
    [`every POST is answered 201`, rejected === 0],
  ];
  const seconds = Math.max(...lists.map((list) => list.seconds));
  process.stdout.write(
    `${[
      `${ORDERS} orders; ${CLIENTS} clients read ${lists[0]!.megabytes.toFixed(0)} MB each in ${seconds.toFixed(0)} s. ` +
        `The first byte arrived after ${Math.max(...lists.map(({ firstByteMs }) => firstByteMs)).toFixed(0)} ms at most.`,
      markdownTable(
        [`POST at ${ORDERS_PER_SECOND}/s`, 'orders', 'p50, ms', 'p99, ms'],
        [
          ['alone', ...rowOf(alone)],
          ['during the reading', ...rowOf(during)],
        ],
      ),
      `Memory (RSS) of the order service: ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at most.`,
      markdownTable(
        ['requirement', ''],
        verdicts.map(([requirement, met]) => [requirement, met ? 'met' : 'missed']),
      ),
    ].join('\n\n')}\n`,
  );
  return verdicts.every(([, met]) => met);
}

const timesOf = (posts: Post[]): number[] => posts.map(({ tookMs }) => tookMs);
const p99Of = (posts: Post[]): number => quantile(timesOf(posts), 0.99);
const rowOf = (posts: Post[]): string[] => [
  String(posts.length),
  quantile(timesOf(posts), 0.5).toFixed(1),
  p99Of(posts).toFixed(1),
];

async function readLists(task: ListTask): Promise<ListRead[]> {
  const child = fork(require.resolve('./load/list-process'), { serialization: 'advanced' });
  child.send(task);
  const [reads] = (await once(child, 'message')) as [ListRead[]];
  return reads;
}

void runBenchmark(resolve('.data', 'bench', 'list'), ['ours'], benchList);
