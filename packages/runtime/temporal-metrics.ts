import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { MetricsExporterConfig } from '@temporalio/worker';
import { addMetricsText } from './metrics';

/**
 * The metrics of Temporal's SDK that are published, out of about 50. The others measure what this system measures itself,
 * such as local activities, or have many buckets. Source: https://docs.temporal.io/references/sdk-metrics
 */
export const PUBLISHED_METRICS: ReadonlySet<string> = new Set([
  'temporal_request_total',
  'temporal_request_failure_total',
  'temporal_long_request_failure_total',
  'temporal_request_latency_seconds',
  'temporal_workflow_task_execution_failed_total',
  'temporal_workflow_task_schedule_to_start_latency_seconds',
  'temporal_activity_schedule_to_start_latency_seconds',
  'temporal_workflow_completed_total',
  'temporal_workflow_failed_total',
  'temporal_worker_task_slots_available',
  'temporal_worker_task_slots_used',
  'temporal_num_pollers',
  'temporal_sticky_cache_size',
]);

const LATENCY_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5];
const SCRAPE_TIMEOUT_MS = 1_500;

/** The names of workflows and activities that may be labels. A client of Temporal can start a workflow of any name. */
const knownTypes = new Set<string>();

/** Allows the names of workflows and activities as labels. Series with other names are not published. */
export const allowTypes = (names: Iterable<string>): void => {
  for (const name of names) knownTypes.add(name);
};

/** Finds a free port on loopback. The SDK has no other way to export the values of its metrics than a port of its own. */
export async function freeMetricsAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** Returns the options with which the SDK serves its metrics, in seconds and with the names that Prometheus recommends. */
export const exporterAt = (bindAddress: string): MetricsExporterConfig => ({
  attachServiceName: false, // the label `job` of a scrape names the service
  prometheus: {
    bindAddress,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
    histogramBucketOverrides: Object.fromEntries(
      ['request_latency', 'workflow_task_schedule_to_start_latency', 'activity_schedule_to_start_latency'].map(
        (name) => [name, LATENCY_SECONDS],
      ),
    ),
  },
});

/** Adds the SDK's metrics to each scrape. A scrape leaves them out if they cannot be read. */
export function publishTemporalMetrics(address: string): void {
  addMetricsText(async () => {
    const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) });
    return selectSeries(await response.text());
  });
}

/** Selects the published metrics from the text that the SDK serves. */
export const selectSeries = (text: string): string =>
  text
    .split('\n')
    .filter((line) => PUBLISHED_METRICS.has(familyOf(line)) && hasKnownTypes(line))
    .join('\n');

/** Returns the name of the metric that a line belongs to. A histogram has series with three suffixes. */
function familyOf(line: string): string {
  const name = /^(?:# (?:HELP|TYPE) )?(\w+)/.exec(line)?.[1] ?? '';
  return PUBLISHED_METRICS.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
}

function hasKnownTypes(line: string): boolean {
  for (const [, name] of line.matchAll(/\b(?:workflow_type|activity_type)="((?:[^"\\]|\\.)*)"/g)) {
    if (!knownTypes.has(name!)) return false;
  }
  return true;
}
