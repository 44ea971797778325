import { readOrExit, type CommonConfig } from './environment';
import { runUntilSignal, type Part } from './lifecycle';
import { createLog, type Logger } from './log';
import { boundNameLookups } from './name-lookup';
import { installTemporalRuntime } from './temporal';
import { exporterAt, freeMetricsAddress, publishTemporalMetrics } from './temporal-metrics';
import { isTracingOn, startTracing, type Tracing } from './tracing/tracing';

export interface ServiceContext<C> {
  config: C;
  log: Logger;
  /** Collects the parts to stop at the end. The last group stops first; the parts of a group stop at the same time. */
  groups: Part[][];
  /** Aborted when the service receives SIGTERM, SIGINT or SIGHUP. */
  stopping: AbortSignal;
  /** Null if tracing is off. */
  tracing: Tracing | null;
}

/**
 * Runs a service: reads its settings, starts it, and serves until SIGTERM, SIGINT or SIGHUP.
 * Prints every invalid setting and exits with code 1 if `readConfig` throws a `ConfigError`.
 *
 * @param start starts the service; a signal may arrive before it returns. If it returns `done`, the process exits with 0
 */
export function runService<C extends CommonConfig>(
  name: string,
  readConfig: () => C,
  start: (context: ServiceContext<C>) => Promise<void | 'done'>,
): Promise<void> {
  boundNameLookups();
  const config = readOrExit(readConfig);
  const log = createLog(name, config.LOG_LEVEL, { withTraces: isTracingOn(config) });
  const tracing = startTracing(name, config, log);
  return runUntilSignal({ log, drainMs: config.DRAIN_TIME }, async (groups, stopping) => {
    if (tracing) groups.push([tracing]); // stops last, to send the spans of the other parts
    await installObservedRuntime(log);
    return start({ config, log, groups, stopping, tracing });
  });
}

/** Installs Temporal's runtime with its metrics, or without them if another process takes the port meanwhile. */
async function installObservedRuntime(log: Logger): Promise<void> {
  try {
    const address = await freeMetricsAddress();
    installTemporalRuntime(log, exporterAt(address));
    publishTemporalMetrics(address);
  } catch (error) {
    log.warn({ err: error }, 'the metrics of the Temporal SDK are not available');
    installTemporalRuntime(log);
  }
}
