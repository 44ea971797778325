import type { ReplicationProbe } from '@shop/prisma/replication';
import pTimeout from 'p-timeout';
import { registerGauge } from './metrics';
import type { ConsumerState } from './readiness';
import type { Temporal } from './temporal';

export interface ObservedDependencies {
  primary: Pick<ReplicationProbe, 'isAvailable'>;
  temporal: Pick<Temporal, 'isAvailable'>;
  /** Null if the service runs without a broker; so is `consumer`. */
  broker: { isUp: boolean } | null;
  consumer: ConsumerState | null;
}

/** A server that does not answer within this time counts as unavailable. Shorter than the limit of a gauge's read. */
const ANSWER_WITHIN_MS = 1_500;

/**
 * Registers the gauge that reports which dependencies are available. Unlike the gauges that are read from a dependency, it
 * is in every scrape.
 */
export function registerDependencyMetric({ primary, temporal, broker, consumer }: ObservedDependencies): void {
  registerGauge('dependency_up', 'Whether a dependency is available: 1 or 0.', 'dependency', async () => {
    const [postgresql, temporalUp] = await Promise.all([
      answersInTime(primary.isAvailable()),
      answersInTime(temporal.isAvailable(ANSWER_WITHIN_MS)),
    ]);
    return {
      postgresql: Number(postgresql),
      temporal: Number(temporalUp),
      ...(broker && { broker: Number(broker.isUp) }),
      ...(consumer && { consumer: Number(consumer.isUp) }),
    };
  });
}

const answersInTime = (answer: Promise<boolean>): Promise<boolean> =>
  pTimeout(answer, { milliseconds: ANSWER_WITHIN_MS, fallback: () => false });
