import { expect, test } from '@jest/globals';
import { allowTypes, selectSeries } from './temporal-metrics';

const series = (type: string): string => `temporal_workflow_failed_total{namespace="n",workflow_type="${type}"} 1`;

test('publishes the selected metrics with their help, and no others', () => {
  const text = [
    '# HELP temporal_request_latency_seconds Histogram of client request latencies',
    '# TYPE temporal_request_latency_seconds histogram',
    'temporal_request_latency_seconds_bucket{operation="PollWorkflowTaskQueue",le="0.01"} 4',
    'temporal_request_latency_seconds_count{operation="PollWorkflowTaskQueue"} 4',
    '# TYPE temporal_local_activity_execution_latency_seconds histogram',
    'temporal_local_activity_execution_latency_seconds_count 4',
    'temporal_num_pollers{poller_type="workflow_task"} 2',
    '',
  ];

  expect(selectSeries(text.join('\n')).split('\n')).toEqual([...text.slice(0, 4), text[6]]);
});

test('publishes no series of a workflow whose name a client of Temporal invented', () => {
  allowTypes(['placeOrder']);

  expect(selectSeries([series('placeOrder'), series('other'), series(String.raw`a\"b`)].join('\n'))).toBe(
    series('placeOrder'),
  );
});
