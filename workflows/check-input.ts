import { ApplicationFailure } from '@temporalio/workflow';

/**
 * Checks the input of a workflow, which any client of Temporal may have written. An invalid input ends the workflow.
 * Without this check, the workflow task could fail, and would be retried forever.
 *
 * @param checks whether the input meets each requirement
 * @throws {ApplicationFailure} that names the first requirement that is not met, and is not retried
 */
export function checkInput(workflow: string, checks: Record<string, boolean>): void {
  const problem = Object.keys(checks).find((requirement) => !checks[requirement]);
  if (problem) throw ApplicationFailure.nonRetryable(`Invalid input of ${workflow}: ${problem}.`, 'InvalidInput');
}
