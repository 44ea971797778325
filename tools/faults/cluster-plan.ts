import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '@shop/cluster/cluster';
import { INSTANCES, type Instance } from '@shop/cluster/layout';
import { sumOf } from '@shop/cluster/metrics-text';
import type { ServiceInstances } from '@shop/cluster/service-instances';
import { switchOver } from '@shop/cluster/switch-over';
import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import type { Figures } from './answers';

/** What is done to a cluster under load. */
export interface Step {
  name: string;
  /** @returns what is to be known of it, in a few words */
  act: (cluster: Cluster, say: (line: string) => void) => Promise<string | void>;
  /** What clients must not see; that nothing is lost or doubled is checked of all steps at the end. */
  mustBe?: (figures: Figures) => boolean;
}

const AWAY_MS = 4_000;
const READ_WITHIN_MS = 30_000;
const unnoticed = ({ requests, failed, unanswered }: Figures): boolean =>
  requests > 0 && failed === 0 && unanswered === 0;
const answered = ({ requests, unanswered }: Figures): boolean => requests > 0 && unanswered === 0;

export const STEPS: Step[] = [
  { name: 'nothing', act: () => delay(5_000), mustBe: unnoticed },
  {
    name: 'all six services restarted, one after the other, as another build',
    act: async (cluster) => {
      process.env['BUILD_ID'] = 'next';
      await cluster.restartServices(() => undefined);
      return `sagas go to build ${await buildOfAll(cluster)}`;
    },
    mustBe: unnoticed,
  },
  {
    name: 'one order service killed, and started again',
    act: ({ services }) => killAndStart(services, 'order-management', 1),
    mustBe: unnoticed,
  },
  {
    name: 'one payment service killed, and started again',
    act: ({ services }) => killAndStart(services, 'payment-processing', 2),
    mustBe: unnoticed,
  },
  {
    name: 'one secondary killed, and brought back',
    act: async (cluster) => {
      const { postgres, roles } = cluster;
      await postgres.end(roles.secondaries[0], 'SIGKILL');
      await delay(AWAY_MS);
      await cluster.startSecondary(roles.secondaries[0]);
      return caughtUp(cluster);
    },
    mustBe: unnoticed,
  },
  {
    name: 'both secondaries stopped, and brought back',
    act: async (cluster) => {
      const { postgres, roles } = cluster;
      await Promise.all(roles.secondaries.map((server) => postgres.end(server)));
      await delay(AWAY_MS);
      for (const server of roles.secondaries) await cluster.startSecondary(server);
      return caughtUp(cluster);
    },
    mustBe: unnoticed,
  },
  { name: 'HAProxy reloaded', act: async ({ loadBalancer }) => void (await loadBalancer.reload()), mustBe: unnoticed },
  {
    name: 'Temporal restarted',
    act: async ({ temporal }) => {
      await temporal.end();
      await temporal.start();
    },
    mustBe: unnoticed,
  },
  {
    name: 'the primary switched over',
    act: async (cluster, say) => {
      const { primary } = await switchOver(cluster, (line) => say(`        ${line}`));
      await untilRead(cluster);
      return `postgres-${primary} is the primary`;
    },
    mustBe: answered,
  },
  {
    name: 'a switch-over broken off once it was decided, and finished by starting the cluster',
    act: async (cluster) => {
      const { primary, secondaries } = cluster.roles;
      await cluster.postgres.end(primary);
      cluster.roles = { primary: secondaries[0], secondaries: [primary, secondaries[1]] };
      await cluster.start(() => undefined);
      await untilRead(cluster);
      return `postgres-${cluster.roles.primary} is the primary`;
    },
    mustBe: answered,
  },
];

async function killAndStart(services: ServiceInstances, service: ServiceName, instance: Instance): Promise<void> {
  await services.end(service, instance, 'SIGKILL');
  await delay(AWAY_MS);
  await services.start(service, instance);
}

/** The build that all instances run and that sagas go to. @throws where it is not one and the same */
async function buildOfAll({ services, temporal }: Cluster): Promise<string> {
  const builds = new Set<string | null>();
  for (const service of SERVICES) {
    builds.add(await temporal.currentBuild(service));
    for (const instance of INSTANCES) builds.add(await services.buildOf(service, instance));
  }
  if (builds.size > 1) throw new Error(`There are several builds: ${[...builds].join(', ')}.`);
  return String([...builds][0]);
}

/** Waits until every order service reads from both secondaries. */
async function untilRead({ services }: Cluster): Promise<void> {
  for (const instance of INSTANCES) {
    const usable = async (): Promise<number> =>
      sumOf(await services.metrics('order-management', instance), 'secondary_usable');
    for (const end = Date.now() + READ_WITHIN_MS; (await usable()) < 2; await delay(200)) {
      if (Date.now() > end) throw new Error(`Order service ${instance} leaves out a secondary that is well.`);
    }
  }
}

async function caughtUp({ postgres, roles }: Cluster): Promise<string> {
  const began = Date.now();
  await postgres.waitUntilStreaming(roles.primary, 2);
  return `both stream ${Date.now() - began} ms after`;
}
