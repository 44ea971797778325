import type { WorkerOptions } from '@temporalio/worker';
import { buildIdOf, publishBuildId } from './build-id';
import type { CommonConfig } from './environment';
import type { Logger } from './log';
import { measureSteps } from './step-metrics';
import { allowTypes } from './temporal-metrics';
import { securityOf } from './temporal-security';
import { Temporal, type TemporalOptions } from './temporal';

export interface ServiceWorker extends Pick<TemporalOptions, 'prepare'> {
  /** Names the worker deployment. */
  service: string;
  log: Logger;
  taskQueue: string;
  activities: NonNullable<WorkerOptions['activities']>;
  /** The path of the bundled workflow code, and the name of its workflow. */
  bundle: string;
  workflow: string;
}

/** Creates a service's connection to Temporal from the settings that all services share. Call it once per process. */
export function createTemporal(
  config: CommonConfig,
  { service, log, taskQueue, activities, bundle, workflow, prepare }: ServiceWorker,
): Temporal {
  const buildId = config.BUILD_ID ?? buildIdOf(bundle);
  publishBuildId(buildId);
  allowTypes([workflow, ...Object.keys(activities)]);
  return new Temporal({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
    security: securityOf(config),
    versioning: config.WORKER_VERSIONING,
    version: { deploymentName: service, buildId },
    log,
    worker: {
      taskQueue,
      activities,
      workflowBundle: { codePath: bundle },
      interceptors: { activity: [measureSteps(Object.keys(activities))] },
    },
    ...(prepare && { prepare }),
  });
}
