import { registerGauge } from '@shop/runtime/metrics';
import { shareReads } from '@shop/runtime/share-reads';
import type { Temporal } from '@shop/runtime/temporal';
import { hasDefect } from './failing-sagas';
import { examineSagas, MAX_EXAMINED, runningSagas, SAGA_TYPES } from './running-sagas';

/** Counting is a query on Temporal's visibility store, which is slower than a query on our own database. */
const COUNT_EVERY_MS = 15_000;
const EXAMINE_EVERY_MS = 60_000;

/**
 * Registers the gauges that count the sagas in Temporal: those that run, and those whose workflow task fails again and
 * again, because of a defect of the workflow code. The values are up to 15 and 60 seconds old.
 */
export function registerSagaMetrics(temporal: Pick<Temporal, 'call'>): void {
  registerGauge(
    'sagas_running',
    'Sagas that run in Temporal.',
    'type',
    shareReads(() => forEachType((type) => countSagas(temporal, runningSagas(type))), COUNT_EVERY_MS),
  );
  registerGauge(
    'sagas_failing',
    `Sagas whose workflow task keeps failing, of the ${MAX_EXAMINED} youngest of a type that run for over 30 seconds.`,
    'type',
    shareReads(() => forEachType((type) => countFailingSagas(temporal, type)), EXAMINE_EVERY_MS),
  );
}

async function forEachType(count: (type: string) => Promise<number>): Promise<Record<string, number>> {
  const counts = await Promise.all(SAGA_TYPES.map(async (type) => [type, await count(type)] as const));
  return Object.fromEntries(counts);
}

const countSagas = (temporal: Pick<Temporal, 'call'>, query: string): Promise<number> =>
  temporal.call(async ({ workflow }) => (await workflow.count(query)).count);

/** Counts the sagas of a type whose workflow task keeps failing. @param olderThanMs as for `examineSagas` */
export const countFailingSagas = async (
  temporal: Pick<Temporal, 'call'>,
  type: string,
  olderThanMs?: number,
): Promise<number> =>
  (await examineSagas(temporal, type, async (saga) => hasDefect(saga), olderThanMs)).filter(Boolean).length;
