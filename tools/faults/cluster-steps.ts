import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '@shop/cluster/cluster';
import { INSTANCES, type Instance } from '@shop/cluster/layout';
import { sumOf } from '@shop/cluster/metrics-text';
import type { ServiceInstances } from '@shop/cluster/service-instances';
import { switchOver } from '@shop/cluster/switch-over';
import type { Print } from '@shop/dev/progress';
import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import { PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { ConsoleVisit } from './console-visit';
import type { ResponseCounts } from './response-counter';

/** A restart, fault or switch-over that a cluster undergoes under load. */
export interface Step {
  name: string;
  /** @returns a remark for the output */
  act: (cluster: Cluster, print: Print) => Promise<string | void>;
  /** Returns whether the clients have received only responses that this step permits. */
  permits: (counts: ResponseCounts) => boolean;
}

const OUTAGE_MS = 4_000;
const READ_TIMEOUT_MS = 30_000;
/** The clients notice nothing. */
const noFailure = ({ requests, failed, unanswered }: ResponseCounts): boolean =>
  requests > 0 && failed === 0 && unanswered === 0;
/** Responses may be 503: the clients repeat the requests. */
const allAnswered = ({ requests, unanswered }: ResponseCounts): boolean => requests > 0 && unanswered === 0;

export const STEPS: Step[] = [
  { name: 'no fault', act: () => delay(5_000), permits: noFailure },
  {
    name: 'all six services were restarted one after the other, as another build',
    act: async (cluster) => {
      process.env['BUILD_ID'] = 'next';
      await cluster.restartServices(() => undefined);
      return `current build: ${await commonBuild(cluster)}`;
    },
    permits: noFailure,
  },
  {
    name: 'an order service was killed and started again',
    act: ({ services }) => killAndStart(services, 'order-management', 1),
    permits: noFailure,
  },
  {
    name: 'a person used the console while an order service was killed and started again',
    act: useConsole,
    permits: noFailure,
  },
  {
    name: 'a payment service was killed and started again',
    act: ({ services }) => killAndStart(services, 'payment-processing', 2),
    permits: noFailure,
  },
  {
    name: 'a secondary was killed and started again',
    act: async (cluster) => {
      const { postgres, roles } = cluster;
      await postgres.end(roles.secondaries[0], 'SIGKILL');
      await delay(OUTAGE_MS);
      await cluster.startSecondary(roles.secondaries[0]);
      return timeUntilStreaming(cluster);
    },
    permits: noFailure,
  },
  {
    name: 'both secondaries were stopped and started again',
    act: async (cluster) => {
      const { postgres, roles } = cluster;
      await Promise.all(roles.secondaries.map((server) => postgres.end(server)));
      await delay(OUTAGE_MS);
      for (const server of roles.secondaries) await cluster.startSecondary(server);
      return timeUntilStreaming(cluster);
    },
    permits: noFailure,
  },
  {
    name: 'HAProxy was reloaded',
    act: async ({ loadBalancer }) => {
      const { oldWorker, newWorker } = await loadBalancer.reload();
      return `process ${newWorker} replaced process ${oldWorker}`;
    },
    permits: noFailure,
  },
  {
    name: 'Temporal was restarted',
    act: async ({ temporal }) => {
      await temporal.end();
      await temporal.start();
    },
    permits: noFailure,
  },
  {
    name: 'the primary was switched over',
    act: async (cluster, print) => {
      const { primary } = await switchOver(cluster, (line) => print(`        ${line}`));
      await waitUntilSecondariesAreRead(cluster);
      return `postgres-${primary} is the primary`;
    },
    permits: allAnswered,
  },
  {
    name: 'a switch-over was interrupted after the new roles were stored, and completed by a start of the cluster',
    act: async (cluster) => {
      const { primary, secondaries } = cluster.roles;
      await cluster.postgres.end(primary);
      cluster.roles = { primary: secondaries[0], secondaries: [primary, secondaries[1]] };
      await cluster.start(() => undefined);
      await waitUntilSecondariesAreRead(cluster);
      return `postgres-${cluster.roles.primary} is the primary`;
    },
    permits: allAnswered,
  },
];

async function killAndStart(services: ServiceInstances, service: ServiceName, instance: Instance): Promise<void> {
  await services.end(service, instance, 'SIGKILL');
  await delay(OUTAGE_MS);
  await services.start(service, instance);
}

/** Places orders in the console, and sees all instances in it, while one is killed and started again. */
async function useConsole({ url, services }: Cluster): Promise<string> {
  const visit = await ConsoleVisit.begin(new URL(url).origin);
  if (visit === null) return 'skipped: Chromium is not installed';
  try {
    await visit.waitUntilLive();
    await services.end('order-management', 2, 'SIGKILL');
    await visit.placeOrder(PREDEFINED_PRODUCT.name);
    await services.start('order-management', 2);
    await visit.waitUntilLive();
    await visit.placeOrder(PREDEFINED_PRODUCT.name);
    const builds = await visit.waitForInstances();
    return `it shipped two orders, and showed the builds ${builds.join(' and ')}`;
  } finally {
    await visit.end();
  }
}

/** Returns the build that all instances run and that is current. @throws {Error} if there are several */
async function commonBuild({ services, temporal }: Cluster): Promise<string> {
  const builds = new Set<string | null>();
  for (const service of SERVICES) {
    builds.add(await temporal.currentBuild(service));
    for (const instance of INSTANCES) builds.add(await services.buildOf(service, instance));
  }
  if (builds.size > 1) throw new Error(`Several builds are running: ${[...builds].join(', ')}.`);
  return String([...builds][0]);
}

/** Waits until every order service reads from both secondaries. @throws {Error} if one does not within 30 s */
async function waitUntilSecondariesAreRead({ services }: Cluster): Promise<void> {
  for (const instance of INSTANCES) {
    const countUsable = async (): Promise<number> =>
      sumOf(await services.metrics('order-management', instance), 'secondary_usable');
    for (const end = Date.now() + READ_TIMEOUT_MS; (await countUsable()) < 2; await delay(200)) {
      if (Date.now() > end) throw new Error(`Order service ${instance} does not read from a healthy secondary.`);
    }
  }
}

async function timeUntilStreaming({ postgres, roles }: Cluster): Promise<string> {
  const startedAt = Date.now();
  await postgres.waitUntilStreaming(roles.primary, 2);
  return `both secondaries streamed ${Date.now() - startedAt} ms later`;
}
