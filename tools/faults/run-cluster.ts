import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '@shop/cluster/cluster';
import { INSTANCES, layoutOf } from '@shop/cluster/layout';
import { valuesByLabel } from '@shop/cluster/metrics-text';
import { checkPrerequisites } from '@shop/cluster/prerequisites';
import { ServiceInstances } from '@shop/cluster/service-instances';
import { describeCluster } from '@shop/cluster/status';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { STEPS } from './cluster-steps';
import { checkFinalState, printVerdict } from './final-checks';
import { findFreeRange } from './free-ports';
import { sentence } from './invariants';
import { describeLoad, load } from './load';
import { ReadAfterWrite } from './read-after-write';
import { formatCounts, ResponseCounter } from './response-counter';
import { print, runSystemTest } from './test-run';

/**
 * Runs `make test-cluster`: starts a separate cluster, measures how many orders per second it accepts, sends half of that
 * through the load balancer while each part is restarted, killed or switched over, and then checks the invariants.
 */
const { TRIES: minimumReads } = readOrExit(() => readEnvironment(z.object({ TRIES: integer(5_000, 100, 1_000_000) })));
const PARALLEL_READS = 6;
/** The share of the reads that each secondary must have answered. */
const MINIMUM_SHARE = 0.1;
/** Load before the measurement: new processes are several times slower than warm ones. */
const WARM_UP_MS = 10_000;
const MEASUREMENT_MS = 8_000;
/** Load after each step, so that its late effects are attributed to it and not to the next step. */
const PAUSE_MS = 3_000;
/** An upper limit that the clients do not reach during the test. */
const MAX_ORDERS = 50_000;
const SETTINGS = { SWEEP_INTERVAL: '500ms', SWEEP_AFTER: '5s', PAYMENT_TIMEOUT: '5s' };

async function main(cluster: Cluster): Promise<boolean> {
  const responses = new ResponseCounter();
  const reads = new ReadAfterWrite(cluster.url, PARALLEL_READS, (status) => responses.record(status));
  const stop = new AbortController();
  const rate = { perSecond: Infinity, from: Date.now(), count: 0 };
  const loading = load([cluster.url], {
    orders: MAX_ORDERS,
    seed: 1,
    signal: stop.signal,
    onResponse: (status) => responses.record(status),
    onAccepted: (orderId, headers) => reads.read(orderId, headers.get('consistency-token')),
    beforeOrder: async () => {
      const dueAt = rate.from + (++rate.count / rate.perSecond) * 1_000;
      await delay(Math.max(0, dueAt - Date.now()));
    },
  });

  const tooEarly = loading.then((): never => {
    throw new Error('The load ended before the last step.');
  });
  const stepsPassed = await Promise.race([runSteps(), tooEarly]);
  stop.abort();
  const result = await loading;
  print(describeLoad(result));

  const { databaseUrl, amqpUrl, temporal, services } = cluster;
  const serviceUrls = ServiceInstances.all.map(([service, instance]) => services.urlOf(service, instance));
  const system = { databaseUrl, amqpUrl, temporalAddress: temporal.address, serviceUrls };
  result.unexpectedResponses.push(...reads.unexpectedResponses);
  const statePassed = await checkFinalState(system, result, new Set(), print);
  const noneStale = reads.stale.length === 0;
  const total = `${reads.answered} reads right after a write, ${reads.withToken} of them with a token`;
  printVerdict(print, noneStale, `${sentence('read was stale', 'reads were stale')(reads.stale.length)}: ${total}`);
  for (const line of reads.stale.slice(0, 10)) print(`          ${line}`);
  const shares = await sharesOfReads(cluster);
  const balanced = shares.filter(([from, share]) => from !== 'primary' && share >= MINIMUM_SHARE).length;
  const percentages = shares.map(([from, share]) => `${(share * 100).toFixed(0)} % from ${from}`).join(', ');
  printVerdict(print, balanced === 2, `${balanced} secondaries answered at least 10 % of the reads: ${percentages}`);
  for (const line of await describeCluster(cluster)) print(`        ${line}`);
  return stepsPassed && statePassed && noneStale && balanced === 2;

  async function runSteps(): Promise<boolean> {
    await delay(WARM_UP_MS);
    rate.count = 0;
    await delay(MEASUREMENT_MS);
    const capacity = (rate.count / MEASUREMENT_MS) * 1_000;
    Object.assign(rate, { perSecond: capacity / 2, from: Date.now(), count: 0 });
    print(
      `Capacity: ${capacity.toFixed(1)} orders per second, each read ${PARALLEL_READS} times. The load is now half of that.`,
    );
    await delay(PAUSE_MS);

    let allPassed = true;
    for (const { name, act, permits } of STEPS) {
      responses.take();
      const remark = await act(cluster, print);
      await delay(PAUSE_MS);
      const counts = responses.take();
      const passed = permits(counts);
      printVerdict(print, passed, `${name}${remark ? ` (${remark})` : ''}: ${formatCounts(counts)}`);
      allPassed &&= passed;
    }
    while (reads.withToken < minimumReads) await delay(100);
    const counts = responses.take();
    const passed = counts.failed + counts.unanswered === 0;
    printVerdict(print, passed, `after the last step: ${formatCounts(counts)}`);
    return allPassed && passed;
  }
}

/** Returns the share of the reads that each server has answered, since the order services started. */
async function sharesOfReads({ services }: Cluster): Promise<[string, number][]> {
  const counts = new Map<string, number>();
  for (const instance of INSTANCES) {
    const metrics = await services.metrics('order-management', instance);
    for (const [from, count] of valuesByLabel(metrics, 'reads_total'))
      counts.set(from, (counts.get(from) ?? 0) + count);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return Array.from(counts, ([from, count]) => [from, count / total]);
}

void runSystemTest({
  name: 'cluster',
  setUp: async (folder) => {
    const layout = layoutOf(folder, await findFreeRange());
    await checkPrerequisites(layout, undefined);
    return Cluster.create(layout, { services: SETTINGS }, print);
  },
  check: async (cluster) => {
    await cluster.start(print);
    return main(cluster);
  },
});
