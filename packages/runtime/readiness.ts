/** Whether a service is ready, and the state of each dependency in one word. */
export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** The state of a consumer of messages. */
export interface ConsumerState {
  isUp: boolean;
  /** Whether it waits until another dependency is available. */
  isPaused?: boolean;
  /** How many messages wait, if their number keeps growing. */
  growingBacklog?: number | null;
  /** What an operator must change. */
  misconfiguration?: string | null;
}

/** The state of the dependencies that every service has, for a readiness check. */
export interface Dependencies {
  /** Whether the database answers a query. */
  databaseUp: boolean;
  /** Whether this process has applied the migrations. */
  migrated: boolean;
  /** Null if the service runs without a broker. */
  consumer: ConsumerState | null;
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
  broker: consumer ? describeConsumer(consumer) : 'none',
  temporal:
    temporal.misconfiguration !== null
      ? `misconfigured: ${temporal.misconfiguration}`
      : temporal.isUp
        ? 'working'
        : 'down',
});

function describeConsumer({ isUp, isPaused, growingBacklog, misconfiguration }: ConsumerState): string {
  if (isUp) return growingBacklog ? `falling behind: ${growingBacklog} messages wait` : 'consuming';
  if (misconfiguration) return `misconfigured: ${misconfiguration}`;
  return isPaused ? 'paused' : 'down';
}
