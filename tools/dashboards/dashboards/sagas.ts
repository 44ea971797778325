import type { DashboardSpec } from '../dashboard';
import { perSecond, quantile } from '../promql';

const FAILED_CALLS = 'temporal_request_failure_total{status_code!~"NOT_FOUND|ALREADY_EXISTS|INVALID_ARGUMENT"}';

/** Do the sagas make progress, and which step is slow or fails? */
export const sagas: DashboardSpec = {
  uid: 'sagas',
  title: 'Sagas',
  description: 'The steps of the sagas, their retries and compensations, and the workers that run them.',
  panels: [
    {
      title: 'Running sagas',
      description: 'Sagas of orders and of refunds that run in Temporal. The value is up to 15 seconds old.',
      unit: 'short',
      queries: { '{{type}}': 'max by (type) (sagas_running)' },
    },
    {
      title: 'Failing sagas',
      description:
        'Sagas whose workflow task keeps failing. They continue after code that can replay them was deployed. The value is ' +
        'up to a minute old.',
      unit: 'short',
      queries: { '{{type}}': 'max by (type) (sagas_failing)' },
      limit: 1,
    },
    {
      title: 'Started sagas per second',
      description:
        'New sagas, and those that the sweeper or a payment answer resumed. Many resumed sagas follow an outage.',
      unit: 'suffix: /s',
      queries: { '{{how}}': perSecond('sagas_started_total', 'how') },
    },
    {
      title: 'Duration of the steps, p99',
      description: 'Each attempt of a step. A step that becomes slow delays the orders after it.',
      unit: 's',
      queries: { '{{step}}': quantile(99, 'saga_step_duration_seconds', 'step') },
    },
    {
      title: 'Attempts of steps per second',
      description: 'Which steps the sagas run, and how often.',
      unit: 'suffix: /s',
      queries: { '{{step}}': perSecond('saga_step_attempts_total', 'step') },
    },
    {
      title: 'Failed attempts per second, by step',
      description: 'Failed attempts are repeated. The log of the service contains their errors.',
      unit: 'suffix: /s',
      queries: { '{{step}}': perSecond('saga_step_attempts_total{result="failed"}', 'step') },
    },
    {
      title: 'Retries per second, by step',
      description: 'Attempts that repeat a failed one. They end when the database or the broker is available again.',
      unit: 'suffix: /s',
      queries: { '{{step}}': perSecond('saga_step_retries_total', 'step') },
    },
    {
      title: 'Compensations per second',
      description: 'Stock that was released, refunds that were started, and payments that were refunded.',
      unit: 'suffix: /s',
      queries: { '{{kind}}': perSecond('compensations_total', 'kind') },
    },
    {
      title: 'Wait of workflow tasks for a worker, p99',
      description:
        'If workflow tasks wait, the instances of order-management have too little CPU or too few free slots.',
      unit: 's',
      queries: {
        '{{task_queue}}': quantile(99, 'temporal_workflow_task_schedule_to_start_latency_seconds', 'task_queue'),
      },
    },
    {
      title: 'Free slots of the workers',
      description: 'How many more tasks a worker can run at the same time. The smallest number of any instance.',
      unit: 'short',
      queries: {
        '{{job}} {{worker_type}}': 'min by (job, worker_type) (temporal_worker_task_slots_available)',
      },
    },
    {
      title: 'Duration of calls to Temporal, p99',
      description: 'Slow calls mean that Temporal or its database has too much work.',
      unit: 's',
      queries: { '{{operation}}': quantile(99, 'temporal_request_latency_seconds', 'operation') },
    },
    {
      title: 'Failed calls to Temporal per second',
      description:
        'Calls that Temporal did not answer, or answered with an error. They are repeated. The answers NOT_FOUND, ' +
        'ALREADY_EXISTS and INVALID_ARGUMENT do not count: they are part of normal work.',
      unit: 'suffix: /s',
      // The first metric exists from the first failed call on.
      queries: {
        '{{job}}': `${perSecond(FAILED_CALLS, 'job')} or 0 * ${perSecond('temporal_request_total', 'job')}`,
      },
    },
  ],
};
