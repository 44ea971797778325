import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { createCounter, createHistogram } from './metrics';

const durations = createHistogram(
  'saga_step_duration_seconds',
  'Duration of each attempt of a step of a saga, in seconds.',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ['step'],
);
const attempts = createCounter(
  'saga_step_attempts_total',
  'Attempts of the steps of sagas. A failed attempt is repeated, unless its error cannot be retried.',
  ['step', 'result'],
);
const retries = createCounter('saga_step_retries_total', 'Attempts of the steps of sagas that repeat a failed one.', [
  'step',
]);

/**
 * Creates an interceptor that measures each attempt of an activity. The label `step` is the name of the activity; the
 * worker rejects a name that it does not know before it calls the interceptor.
 *
 * @param steps the names of the worker's activities
 */
export function measureSteps(steps: Iterable<string>): ActivityInterceptorsFactory {
  for (const step of steps) {
    durations.zero({ step });
    retries.inc({ step }, 0);
    for (const result of ['succeeded', 'failed']) attempts.inc({ step, result }, 0);
  }
  return ({ info: { activityType: step, attempt } }) => ({
    inbound: {
      async execute(input, next) {
        if (attempt > 1) retries.inc({ step });
        const stopTimer = durations.startTimer({ step });
        let result = 'failed';
        try {
          const value = await next(input);
          result = 'succeeded';
          return value;
        } finally {
          stopTimer();
          attempts.inc({ step, result });
        }
      },
    },
  });
}
