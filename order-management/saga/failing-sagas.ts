import type { Temporal } from '@shop/runtime/temporal';
import type { Client } from '@temporalio/client';
import { examineSagas, SAGA_TYPES, type SagaDescription } from './running-sagas';

/** The attempt from which a task or an activity counts as failing. One that timed out once is not a defect. */
const FAILING_ATTEMPT = 3;
/** Number of most recent events to read per saga. A round of attempts and the pause after it have seven. */
const MAX_EVENTS = 20;

/** A saga that cannot progress. */
export interface FailingSaga {
  workflowId: string;
  /** The failing step or code, and the error message. */
  reason: string;
}

/** Whether the workflow code of a saga fails again and again, which is a defect of the code. */
export const hasDefect = ({ pendingWorkflowTask }: SagaDescription): boolean =>
  (pendingWorkflowTask?.attempt ?? 0) >= FAILING_ATTEMPT;

/**
 * Finds the sagas that cannot progress: those whose code fails, and those of which a step fails again and again. The search
 * attribute `TemporalReportedProblems` would find the former, but servers before version 1.30 do not have it.
 *
 * @param olderThanMs the age from which a saga is examined, in milliseconds
 * @throws {TemporalUnavailableError} if Temporal is unavailable
 */
export async function findFailingSagas(temporal: Pick<Temporal, 'call'>, olderThanMs?: number): Promise<FailingSaga[]> {
  const examine = async (saga: SagaDescription): Promise<FailingSaga[]> => {
    const reason = await reasonOf(temporal, saga);
    return reason === null ? [] : [{ workflowId: saga.workflowExecutionInfo?.execution?.workflowId ?? '', reason }];
  };
  const ofTypes = await Promise.all(SAGA_TYPES.map((type) => examineSagas(temporal, type, examine, olderThanMs)));
  return ofTypes.flat(2);
}

/** Returns why a saga cannot progress; null if it can. */
async function reasonOf(temporal: Pick<Temporal, 'call'>, saga: SagaDescription): Promise<string | null> {
  const activity = saga.pendingActivities.find(({ attempt }) => (attempt ?? 0) >= FAILING_ATTEMPT);
  if (activity?.lastFailure) return `${activity.activityType?.name}: ${messageOf(activity.lastFailure)}`;
  const events = await readLastEvents(temporal, saga.workflowExecutionInfo?.execution ?? {});
  return hasDefect(saga) ? reasonOfDefect(events) : reasonOfRetry(events);
}

type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistoryReverse']>>['history'];
type HistoryEvent = NonNullable<NonNullable<History>['events']>[number];
type Activity = SagaDescription['pendingActivities'][number];
type Failure = NonNullable<Activity['lastFailure']>;

/** Reads the last events of a saga, the newest first. */
const readLastEvents = async (
  temporal: Pick<Temporal, 'call'>,
  execution: { workflowId?: string | null; runId?: string | null },
): Promise<HistoryEvent[]> => {
  const { history } = await temporal.call(({ workflowService, options: { namespace } }) =>
    workflowService.getWorkflowExecutionHistoryReverse({ namespace, execution, maximumPageSize: MAX_EVENTS }),
  );
  return history?.events ?? [];
};

function reasonOfDefect(events: HistoryEvent[]): string {
  const failed = events.find((event) => event.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
  return `The code of the saga fails: ${failed?.failure ? messageOf(failed.failure) : 'its tasks time out'}`;
}

/**
 * Steps on the service's own database are local activities. Temporal does not report their attempts: each failed round is a
 * marker, followed by a timer (workflows/local-activity.ts).
 */
function reasonOfRetry(events: HistoryEvent[]): string | null {
  const lastStep = events.find((event) => !isPartOfPause(event))?.markerRecordedEventAttributes;
  return lastStep?.markerName === 'core_local_activity' && lastStep.failure ? messageOf(lastStep.failure) : null;
}

const isPartOfPause = (event: HistoryEvent): boolean =>
  Boolean(
    event.timerStartedEventAttributes ??
    event.timerFiredEventAttributes ??
    event.workflowTaskScheduledEventAttributes ??
    event.workflowTaskStartedEventAttributes ??
    event.workflowTaskCompletedEventAttributes,
  );

/** The message of the first cause. */
const messageOf = ({ message, cause }: Failure): string => (cause ? messageOf(cause) : (message ?? 'no message'));
