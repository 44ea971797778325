import { readOrExit, type CommonConfig } from './environment';
import { runUntilSignal, type Part } from './lifecycle';
import { createLog, type Logger } from './log';
import { installTemporalRuntime } from './temporal';

export interface ServiceContext<C> {
  config: C;
  log: Logger;
  /** Collects the parts to stop at the end; the last one is stopped first. */
  parts: Part[];
  /** Aborted when the service receives SIGTERM or SIGINT. */
  stopping: AbortSignal;
}

/**
 * Runs a service: reads its settings, starts it, and serves until SIGTERM or SIGINT.
 * Prints every invalid setting and exits with code 1 if `readConfig` throws a `ConfigError`.
 *
 * @param start starts the service; a signal may arrive before it returns
 */
export function runService<C extends CommonConfig>(
  name: string,
  readConfig: () => C,
  start: (context: ServiceContext<C>) => Promise<void>,
): Promise<void> {
  const config = readOrExit(readConfig);
  const log = createLog(name, config.LOG_LEVEL);
  installTemporalRuntime(log);
  return runUntilSignal({ log, drainMs: config.DRAIN_TIME }, (parts, stopping) =>
    start({ config, log, parts, stopping }),
  );
}
