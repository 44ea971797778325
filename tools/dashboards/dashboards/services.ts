import type { DashboardSpec } from '../dashboard';
import { perSecond, quantile } from '../promql';

/** Are the processes healthy, and what limits them? */
export const services: DashboardSpec = {
  uid: 'services',
  title: 'Services',
  description: 'HTTP, dependencies and resources of each instance.',
  panels: [
    {
      title: 'Available instances',
      description: 'Instances whose metrics Prometheus can read.',
      unit: 'short',
      queries: { '{{job}}': 'sum by (job) (up{job=~"order-management|payment-processing"})' },
    },
    {
      title: 'Available dependencies',
      description:
        'The value is 1 if every instance of the service can use the dependency, and 0 if at least one cannot.',
      unit: 'short',
      queries: { '{{job}} {{dependency}}': 'min by (job, dependency) (dependency_up)' },
    },
    {
      title: 'Requests per second, by route',
      description: 'Which operations clients use.',
      unit: 'reqps',
      queries: { '{{method}} {{route}}': perSecond('http_request_duration_seconds_count', 'method', 'route') },
    },
    {
      title: 'Errors per second, by status',
      description: 'Responses from 400 on. A 500 is a defect; a 503 is an outage or overload.',
      unit: 'reqps',
      queries: {
        '{{job}} {{status}}': perSecond('http_request_duration_seconds_count{status=~"[45].."}', 'job', 'status'),
      },
    },
    {
      title: 'Duration of requests, p99, by route',
      description: 'Requests that wait for an order, and streams of events, are long by intention.',
      unit: 's',
      queries: { '{{method}} {{route}}': quantile(99, 'http_request_duration_seconds', 'method', 'route') },
    },
    {
      title: 'Delay of the event loop, p99',
      description: 'How late a process handles events. It grows if the process has too much work or blocks.',
      unit: 's',
      queries: { '{{job}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds' },
      limit: 0.25,
    },
    {
      title: 'CPU time per second',
      description: 'CPU time of each process. JavaScript uses at most one core, the other threads some more.',
      unit: 'percentunit',
      queries: { '{{job}} {{instance}}': perSecond('process_cpu_seconds_total', 'job', 'instance') },
    },
    {
      title: 'Memory',
      description: 'Resident memory of each process.',
      unit: 'bytes',
      queries: { '{{job}} {{instance}}': 'process_resident_memory_bytes' },
    },
    {
      title: 'Database connections in use',
      description: 'Busy connections of each pool. The limit is DATABASE_POOL_SIZE per instance.',
      unit: 'short',
      queries: { '{{job}} {{pool}}': 'sum by (job, pool) (database_pool_connections{state="busy"})' },
    },
    {
      title: 'Queries that wait for a connection',
      description: 'If queries wait for minutes, look for long queries, or raise DATABASE_POOL_SIZE.',
      unit: 'short',
      queries: { '{{job}} {{pool}}': 'sum by (job, pool) (database_pool_waiting)' },
    },
    {
      title: 'Reads per second, by server',
      description: 'Which PostgreSQL server answers reads. Without usable secondaries, the primary does.',
      unit: 'suffix: /s',
      queries: { '{{from}}': perSecond('reads_total', 'from') },
    },
    {
      title: 'Replication lag of the secondaries',
      description: 'A secondary whose lag exceeds READ_MAX_LAG is not used. Empty without secondaries.',
      unit: 's',
      queries: { '{{secondary}}': 'max by (secondary) (secondary_lag_seconds)' },
      limit: 5,
    },
  ],
};
