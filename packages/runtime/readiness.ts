/** Whether a service is ready, and the state of each dependency in one word. */
export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** The state of the dependencies that every service has, for a readiness check. */
export interface Dependencies {
  /** Whether the database answers a query. */
  databaseUp: boolean;
  /** Whether this process has applied the migrations. */
  migrated: boolean;
  /** Null if the service runs without a broker. */
  consumer: { isUp: boolean; misconfiguration?: string | null } | null;
  temporal: { isUp: boolean; misconfiguration: string | null };
}

/** Describes each dependency in one word, for the answer of `/readyz`. */
export const describeDependencies = ({
  databaseUp,
  migrated,
  consumer,
  temporal,
}: Dependencies): Readiness['checks'] => ({
  database: !databaseUp ? 'down' : migrated ? 'up' : 'migrating',
  broker: !consumer
    ? 'none'
    : consumer.isUp
      ? 'consuming'
      : consumer.misconfiguration
        ? `misconfigured: ${consumer.misconfiguration}`
        : 'down',
  temporal:
    temporal.misconfiguration !== null
      ? `misconfigured: ${temporal.misconfiguration}`
      : temporal.isUp
        ? 'working'
        : 'down',
});
