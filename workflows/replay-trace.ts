import { proxySinks, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Hears, while a saga is replayed, which line of its code wants something of Temporal. */
export interface ReplayTraceSinks extends Sinks {
  trace: { wants(what: string, stack: string): void };
}

const { trace } = proxySinks<ReplayTraceSinks>();

const note = (what: string): void => trace.wants(what, new Error('trace').stack ?? '');

/** Bundled beside the saga by `make replay` alone: it changes nothing of what the saga does. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        note(`activity ${input.activityType}`);
        return next(input);
      },
      scheduleLocalActivity(input, next) {
        note(`local activity ${input.activityType}`);
        return next(input);
      },
      startTimer(input, next) {
        note(`timer of ${input.durationMs} ms`);
        return next(input);
      },
      startChildWorkflowExecution(input, next) {
        note(`child workflow ${input.workflowType}`);
        return next(input);
      },
    },
  ],
});
