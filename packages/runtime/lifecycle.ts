import { setTimeout as delay } from 'node:timers/promises';
import { faultOf } from './fault';
import type { Logger } from './log';

/** A part of a service that must be stopped at the end. */
export interface Part {
  name: string;
  /** Finishes the work in flight, then releases the part's resources. */
  stop(): Promise<void>;
}

export interface LifecycleOptions {
  log: Logger;
  /** How long, in ms, the service keeps serving after a signal. Meanwhile load balancers notice that it is not ready. */
  drainMs: number;
}

// Longer than the limit of any part; shorter than the 30 seconds after which Kubernetes kills a container.
const STOP_LIMIT_MS = 25_000;

/**
 * Runs a service until SIGTERM or SIGINT. Then drains it, stops its parts, the last one first, and exits with code 0.
 * Exits with code 1 if the start fails, a part fails to stop or takes too long, or an error is not caught.
 *
 * @param start starts the service and adds each part that must be stopped to `parts`. A signal that arrives before it
 *   returns aborts `stopping`
 */
export async function runUntilSignal(
  { log, drainMs }: LifecycleOptions,
  start: (parts: Part[], stopping: AbortSignal) => Promise<void>,
): Promise<void> {
  const parts: Part[] = [];
  const stopping = new AbortController();
  const signal = new Promise<string>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  // An uncaught error leaves the process in an unknown state. The work in flight is durable; another process resumes it.
  process.on('uncaughtException', (error) => {
    log.fatal(error, 'uncaught error');
    process.exit(1);
  });

  try {
    await Promise.race([start(parts, stopping.signal), signal]);
  } catch (error) {
    log.fatal(error, 'start failed');
    process.exitCode = 1;
    await stopAll(parts, log);
    process.exit();
  }
  log.info('started');

  log.info({ signal: await signal, drainMs }, 'stopping');
  stopping.abort();
  await delay(drainMs);
  await stopAll(parts, log);
  log.info('stopped');
  process.exit();
}

/** Runs `attempt` until it succeeds, with pauses of 250 ms to 5 s. Only a fault that waiting cannot end is thrown. */
export async function whenAvailable<T>(
  what: string,
  { log, attempt }: { log: Logger; attempt: () => Promise<T> },
): Promise<T> {
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await attempt();
    } catch (error) {
      const fault = faultOf(error);
      if (fault === 'bug' || fault === 'input') throw error;
      log[fault === 'unknown' ? 'error' : 'warn']({ err: error, retryInMs: pauseMs }, `waiting for ${what}`);
      await delay(pauseMs);
    }
  }
}

async function stopAll(parts: Part[], log: Logger): Promise<void> {
  const limit = setTimeout(() => {
    log.fatal({ limitMs: STOP_LIMIT_MS }, 'parts did not stop in time');
    process.exit(1);
  }, STOP_LIMIT_MS);
  for (const part of parts.toReversed()) {
    try {
      await part.stop();
      log.debug({ part: part.name }, 'part stopped');
    } catch (error) {
      log.error({ err: error, part: part.name }, 'part failed to stop');
      process.exitCode = 1;
    }
  }
  clearTimeout(limit);
}
