import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '@shop/cluster/cluster';
import { INSTANCES, layoutOf, PORT_COUNT } from '@shop/cluster/layout';
import { valuesByLabel } from '@shop/cluster/metrics-text';
import { ServiceInstances } from '@shop/cluster/service-instances';
import { describeCluster } from '@shop/cluster/status';
import { isTaken } from '@shop/dev/ports';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { Answers, inWords } from './answers';
import { STEPS } from './cluster-plan';
import { figuresOf, load, type LoadResult } from './load';
import { holdsOf } from './settled';
import { TokenReads } from './token-reads';
import { onTrial, say } from './trial';

/**
 * What `make test-cluster` does: starts a cluster of its own, measures how many orders a second it takes, drives half of
 * that through the load balancer while one part after the other is broken or replaced, and then looks at what must be
 * true whatever has happened.
 */
const { TRIES: tries } = readOrExit(() => readEnvironment(z.object({ TRIES: integer(5_000, 100, 1_000_000) })));
const READS_AT_ONCE = 6;
/** The least part of the reads that each secondary is to have had. */
const FAIR_PART = 0.1;
const WARMED_UP_FOR_MS = 10_000; // fresh processes are several times slower than they will be
const MEASURED_FOR_MS = 8_000;
const QUIET_MS = 3_000;
const SETTINGS = { SWEEP_INTERVAL: '500ms', SWEEP_AFTER: '5s', PAYMENT_TIMEOUT: '5s' };

async function main(cluster: Cluster): Promise<boolean> {
  const answers = new Answers();
  const reads = new TokenReads(cluster.url, READS_AT_ONCE, (status) => answers.hear(status));
  const enough = new AbortController();
  const pace = { perSecond: Infinity, from: Date.now(), count: 0 };
  const loading = load([cluster.url], {
    orders: 100_000,
    seed: 1,
    enough: enough.signal,
    onAnswer: (status) => answers.hear(status),
    onAccepted: (orderId, headers) => reads.read(orderId, headers.get('consistency-token')),
    beforeOrder: async () => {
      const due = pace.from + (++pace.count / pace.perSecond) * 1_000;
      await delay(Math.max(0, due - Date.now()));
    },
  });

  const tooSoon = loading.then((): never => {
    throw new Error('The load has ended before its time.');
  });
  const stepsHold = await Promise.race([breakAll(), tooSoon]);
  enough.abort();
  const result: LoadResult = await loading;
  say(figuresOf(result));

  const { databaseUrl, amqpUrl, temporal, services } = cluster;
  const serviceUrls = ServiceInstances.all.map(([service, instance]) => services.urlOf(service, instance));
  const shop = { databaseUrl, amqpUrl, temporalAddress: temporal.address, serviceUrls };
  result.wrong.push(...reads.wrong);
  const shopHolds = await holdsOf(shop, result, { marks: new Set() }, say);
  say(
    `${reads.stale.length === 0 ? 'holds ' : 'BROKEN'}  no read is stale: ${reads.tries}, ${reads.withToken} with a token`,
  );
  for (const stale of reads.stale.slice(0, 10)) say(`          ${stale}`);
  const spread = await spreadOfReads(cluster);
  const isSpread = spread.filter(([from, part]) => from !== 'primary' && part >= FAIR_PART).length === 2;
  const parts = spread.map(([from, part]) => `${(part * 100).toFixed(0)} % from ${from}`).join(', ');
  say(`${isSpread ? 'holds ' : 'BROKEN'}  reads are spread over both secondaries: ${parts}`);
  for (const line of await describeCluster(cluster)) say(`        ${line}`);
  return stepsHold && shopHolds && isSpread && reads.stale.length === 0;

  async function breakAll(): Promise<boolean> {
    await delay(WARMED_UP_FOR_MS);
    pace.count = 0;
    await delay(MEASURED_FOR_MS);
    const capacity = (pace.count / MEASURED_FOR_MS) * 1_000;
    Object.assign(pace, { perSecond: capacity / 2, from: Date.now(), count: 0 });
    say(
      `as fast as it goes: ${capacity.toFixed(1)} orders a second, each read ${READS_AT_ONCE} times; from now on half of that`,
    );
    await delay(QUIET_MS);

    let asWanted = true;
    for (const { name, act, mustBe } of STEPS) {
      answers.look();
      const said = await act(cluster, say);
      await delay(QUIET_MS);
      const figures = answers.look();
      const good = mustBe?.(figures);
      say(`${inAWord(good)}  ${name}${said ? ` (${said})` : ''}: ${inWords(figures)}`);
      asWanted &&= good !== false;
    }
    while (reads.withToken < tries) await delay(100);
    const figures = answers.look();
    const good = figures.failed + figures.unanswered === 0;
    say(`${inAWord(good)}  nothing any more: ${inWords(figures)}`);
    return asWanted && good;
  }
}

/** Of some steps there is nothing to demand but what is looked at in the end. */
const inAWord = (good: boolean | undefined): string => (good === undefined ? 'seen  ' : good ? 'holds ' : 'BROKEN');

/** Which part of the reads was answered by whom, of those that the order services know of since they started. */
async function spreadOfReads({ services }: Cluster): Promise<[string, number][]> {
  const counts = new Map<string, number>();
  for (const instance of INSTANCES) {
    const metrics = await services.metrics('order-management', instance);
    for (const [from, count] of valuesByLabel(metrics, 'reads_total'))
      counts.set(from, (counts.get(from) ?? 0) + count);
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return Array.from(counts, ([from, count]) => [from, count / all]);
}

/** Where as many ports are free as a cluster takes, beside those that the system gives to whoever asks for any. */
async function freeRange(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 200) * PORT_COUNT;
    const taken = await Promise.all(Array.from({ length: PORT_COUNT }, (_, port) => isTaken(first + port)));
    if (!taken.includes(true)) return first;
  }
}

void onTrial(
  'cluster',
  async (folder) => Cluster.create(layoutOf(folder, await freeRange()), { services: SETTINGS }, say),
  (cluster) => cluster.start(say).then(() => main(cluster)),
);
