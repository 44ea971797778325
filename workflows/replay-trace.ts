import { proxySinks, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Receives each command that a saga issues during a replay, with the stack trace of the line that issues it. */
export interface ReplayTraceSinks extends Sinks {
  trace: { record(command: string, stack: string): void };
}

const { trace } = proxySinks<ReplayTraceSinks>();

const record = (command: string): void => trace.record(command, new Error('trace').stack ?? '');

/** Records commands and passes them on unchanged. Only `make replay` bundles it with the saga. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        record(`activity ${input.activityType}`);
        return next(input);
      },
      scheduleLocalActivity(input, next) {
        record(`local activity ${input.activityType}`);
        return next(input);
      },
      startTimer(input, next) {
        record(`timer of ${input.durationMs} ms`);
        return next(input);
      },
      startChildWorkflowExecution(input, next) {
        record(`child workflow ${input.workflowType}`);
        return next(input);
      },
    },
  ],
});
