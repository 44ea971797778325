import type { ReplicationProbe } from '@shop/prisma/replication';
import { describeDependencies, type Dependencies, type Readiness } from '@shop/runtime/readiness';

export interface ReadinessNeeds extends Pick<Dependencies, 'consumer' | 'temporal'> {
  primary: Pick<ReplicationProbe, 'isAvailable'>;
}

/** Decides whether this instance is ready: with a database, and with at least one source of payment requests. */
export class PaymentReadiness {
  /** The caller sets it after it has applied the migrations. */
  migrated = false;

  constructor(private readonly needs: ReadinessNeeds) {}

  async check(): Promise<Readiness> {
    const { primary, consumer, temporal } = this.needs;
    const databaseUp = await primary.isAvailable();
    const { migrated } = this;
    return {
      ready: databaseUp && migrated && (consumer?.isUp === true || temporal.isUp),
      checks: describeDependencies({ databaseUp, migrated, consumer, temporal }),
    };
  }
}
