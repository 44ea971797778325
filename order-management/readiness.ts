import type { ReplicationProbe } from '@shop/prisma/replication';
import { describeDependencies, type Dependencies, type Readiness } from '@shop/runtime/readiness';
import type { ReadClient } from './reads/read-client';

export interface ReadinessNeeds extends Pick<Dependencies, 'consumer' | 'temporal'> {
  primary: Pick<ReplicationProbe, 'isAvailable'>;
  reads: Pick<ReadClient, 'secondaryStates'>;
}

/**
 * Decides whether this instance is ready. Only the database counts: orders are accepted without RabbitMQ and Temporal, and
 * settled later; a usable secondary serves reads without the primary. The exception is a Temporal that an operator must
 * correct before any order can be settled.
 */
export class OrderReadiness {
  /** The caller sets it after it has applied the migrations. */
  migrated = false;

  constructor(private readonly needs: ReadinessNeeds) {}

  async check(): Promise<Readiness> {
    const { primary, reads, consumer, temporal } = this.needs;
    const databaseUp = await primary.isAvailable();
    const { migrated } = this;
    const secondaries = reads.secondaryStates;
    return {
      ready: migrated && temporal.misconfiguration === null && (databaseUp || secondaries.some(({ usable }) => usable)),
      checks: {
        ...describeDependencies({ databaseUp, migrated, consumer, temporal }),
        ...Object.fromEntries(secondaries.map(({ name, state }) => [`secondary ${name}`, state])),
      },
    };
  }
}
