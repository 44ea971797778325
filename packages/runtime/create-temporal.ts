import type { WorkerOptions } from '@temporalio/worker';
import { publishBuildId } from './build-id';
import type { CommonConfig } from './environment';
import type { Logger } from './log';
import { PayloadEncryption } from './payload-encryption';
import { measureSteps } from './step-metrics';
import { allowTypes } from './temporal-metrics';
import { securityOf } from './temporal-security';
import { Temporal, type TemporalOptions } from './temporal';
import type { Tracing } from './tracing/tracing';

export interface ServiceWorker extends Pick<TemporalOptions, 'prepare'> {
  /** Names the worker deployment. */
  service: string;
  buildId: string;
  log: Logger;
  taskQueue: string;
  activities: NonNullable<WorkerOptions['activities']>;
  /** The paths of the bundled workflow code, without and with the interceptor that continues traces. */
  bundle: { plain: string; traced: string };
  /** The name of its workflow. */
  workflow: string;
  tracing: Tracing | null;
}

/** Creates a service's connection to Temporal from the settings that all services share. Call it once per process. */
export function createTemporal(
  config: CommonConfig,
  { service, buildId, log, taskQueue, activities, bundle, workflow, tracing, prepare }: ServiceWorker,
): Temporal {
  publishBuildId(buildId);
  allowTypes([workflow, ...Object.keys(activities)]);
  return new Temporal({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
    security: securityOf(config),
    codec: new PayloadEncryption(config.PAYLOAD_KEYS),
    versioning: config.WORKER_VERSIONING,
    version: { deploymentName: service, buildId },
    log,
    worker: {
      taskQueue,
      activities,
      workflowBundle: { codePath: tracing ? bundle.traced : bundle.plain },
      interceptors: { activity: [measureSteps(Object.keys(activities))] },
    },
    ...(tracing && { tracing: tracing.temporal }),
    ...(prepare && { prepare }),
  });
}
