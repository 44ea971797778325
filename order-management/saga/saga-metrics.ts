import { registerGauge } from '@shop/runtime/metrics';
import { shareReads } from '@shop/runtime/share-reads';
import type { Temporal } from '@shop/runtime/temporal';
import pLimit from 'p-limit';

const TYPES = ['placeOrder', 'refundPayment'] as const;
/** Counting is a query on Temporal's visibility store, which is slower than a query on our own database. */
const COUNT_EVERY_MS = 15_000;
const EXAMINE_EVERY_MS = 60_000;
/** A younger saga is not examined: most sagas have ended by then. */
const EXAMINE_AFTER_MS = 30_000;
/** Maximum number of sagas of a type that are examined at a time, the youngest first. A defect affects more than one. */
const MAX_EXAMINED = 50;
const EXAMINED_AT_ONCE = 4;
/** The attempt of a workflow task from which its saga counts as failing. A task that timed out once is not a defect. */
const FAILING_ATTEMPT = 3;

/**
 * Registers the gauges that count the sagas in Temporal: those that run, and those whose workflow task fails again and
 * again, because of a defect of the workflow code. The values are up to 15 and 60 seconds old.
 */
export function registerSagaMetrics(temporal: Pick<Temporal, 'call'>): void {
  registerGauge(
    'sagas_running',
    'Sagas that run in Temporal.',
    'type',
    shareReads(() => forEachType((type) => countSagas(temporal, running(type))), COUNT_EVERY_MS),
  );
  registerGauge(
    'sagas_failing',
    `Sagas whose workflow task keeps failing, of the ${MAX_EXAMINED} youngest of a type that run for over 30 seconds.`,
    'type',
    shareReads(() => forEachType((type) => countFailingSagas(temporal, type)), EXAMINE_EVERY_MS),
  );
}

const running = (type: string): string => `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;

async function forEachType(count: (type: string) => Promise<number>): Promise<Record<string, number>> {
  const counts = await Promise.all(TYPES.map(async (type) => [type, await count(type)] as const));
  return Object.fromEntries(counts);
}

const countSagas = (temporal: Pick<Temporal, 'call'>, query: string): Promise<number> =>
  temporal.call(async ({ workflow }) => (await workflow.count(query)).count);

/** Counts the sagas of a type whose workflow task keeps failing. @param olderThanMs as for `findFailingSagas` */
export const countFailingSagas = async (
  temporal: Pick<Temporal, 'call'>,
  type: string,
  olderThanMs?: number,
): Promise<number> => (await findFailingSagas(temporal, type, olderThanMs)).length;

/** A saga whose workflow task keeps failing. */
export interface FailingSaga {
  workflowId: string;
  /** How often the workflow task was tried. */
  attempt: number;
}

/** Finds the sagas that cannot progress, of both types. @throws {TemporalUnavailableError} if Temporal is unavailable */
export const findAllFailingSagas = async (temporal: Pick<Temporal, 'call'>): Promise<FailingSaga[]> =>
  (await Promise.all(TYPES.map((type) => findFailingSagas(temporal, type)))).flat();

/**
 * Finds the sagas of a type whose workflow task keeps failing. The search attribute `TemporalReportedProblems` would do,
 * but servers before version 1.30 do not have it.
 *
 * @param olderThanMs the age from which a saga is examined, in milliseconds
 */
async function findFailingSagas(
  temporal: Pick<Temporal, 'call'>,
  type: string,
  olderThanMs = EXAMINE_AFTER_MS,
): Promise<FailingSaga[]> {
  const before = new Date(Date.now() - olderThanMs).toISOString();
  const candidates = await temporal.call(async ({ workflowService, options: { namespace } }) => {
    const query = `${running(type)} AND StartTime < '${before}'`;
    return (await workflowService.listWorkflowExecutions({ namespace, pageSize: MAX_EXAMINED, query })).executions;
  });
  const limit = pLimit(EXAMINED_AT_ONCE);
  const examined = await Promise.all(
    candidates.map(async ({ execution }) => ({
      workflowId: execution?.workflowId ?? '',
      attempt: await limit(() => attemptOfTask(temporal, execution ?? {})),
    })),
  );
  return examined.filter(({ attempt }) => attempt >= FAILING_ATTEMPT);
}

/** Returns the attempt of a saga's open workflow task; 0 if it has none, or if the saga has ended meanwhile. */
const attemptOfTask = (
  temporal: Pick<Temporal, 'call'>,
  execution: { workflowId?: string | null; runId?: string | null },
): Promise<number> =>
  temporal.call(async ({ workflowService, options: { namespace } }) => {
    const { pendingWorkflowTask } = await workflowService.describeWorkflowExecution({ namespace, execution });
    return pendingWorkflowTask?.attempt ?? 0;
  });
