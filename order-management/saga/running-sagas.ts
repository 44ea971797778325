import type { Temporal } from '@shop/runtime/temporal';
import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';

export const SAGA_TYPES = ['placeOrder', 'refundPayment'] as const;

/** Maximum number of sagas that one call examines per type, the youngest first. A defect affects more than one saga. */
export const MAX_EXAMINED = 50;
/** A younger saga is not examined: most sagas have ended by then. */
const EXAMINE_AFTER_MS = 30_000;
const EXAMINE_CONCURRENCY = 4;

/** A saga as Temporal describes it. */
export type SagaDescription = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

/** The query for the sagas of a type that run. */
export const runningSagas = (type: string): string => `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;

/**
 * Examines the sagas of a type that run.
 *
 * @param olderThanMs the age from which a saga is examined, in milliseconds
 * @returns what the examination of each saga finds
 * @throws {TemporalUnavailableError} if Temporal is unavailable
 */
export async function examineSagas<T>(
  temporal: Pick<Temporal, 'call'>,
  type: string,
  examine: (saga: SagaDescription) => Promise<T>,
  olderThanMs = EXAMINE_AFTER_MS,
): Promise<T[]> {
  const before = new Date(Date.now() - olderThanMs).toISOString();
  const { executions } = await temporal.call(({ workflowService, options: { namespace } }) => {
    const query = `${runningSagas(type)} AND StartTime < '${before}'`;
    return workflowService.listWorkflowExecutions({ namespace, pageSize: MAX_EXAMINED, query });
  });
  const limit = pLimit(EXAMINE_CONCURRENCY);
  return Promise.all(
    executions.map(({ execution }) =>
      limit(async () =>
        examine(
          await temporal.call(({ workflowService, options: { namespace } }) =>
            workflowService.describeWorkflowExecution({ namespace, execution: execution ?? {} }),
          ),
        ),
      ),
    ),
  );
}
