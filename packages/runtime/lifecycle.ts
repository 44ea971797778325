import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './log';

/** A part of a service that was started and must be stopped. */
export interface Part {
  name: string;
  /** Finishes what is under way, then lets go. */
  stop(): Promise<void>;
}

export interface LifecycleOptions {
  log: Logger;
  /** How long to go on as before after a signal, so that whoever sends requests can see that we are stopping. */
  drainMs: number;
}

// Longer than any part's own grace, shorter than the 30 seconds after which orchestrators kill.
const STOP_LIMIT_MS = 25_000;

/**
 * Runs a service until SIGTERM or SIGINT, then lets it drain, stops its parts, the last first, and exits 0.
 * A start that fails, a part that does not stop in time, and a bug end the process with exit code 1.
 *
 * @param start starts the service, adding to `parts` what must be stopped; may be cut short by a signal. `stopping`
 *   tells when that has come
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
  // A bug is a crash: what was under way is durable elsewhere, and a fresh process takes it up again.
  process.on('uncaughtException', (error) => {
    log.fatal(error, 'uncaught');
    process.exit(1);
  });

  try {
    await Promise.race([start(parts, stopping.signal), signal]);
  } catch (error) {
    log.fatal(error, 'could not start');
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

/** Does something that needs `what`, again and again for as long as that is away. */
export async function whenAvailable<T>(
  what: string,
  { log, isOutage, attempt }: { log: Logger; isOutage: (error: unknown) => boolean; attempt: () => Promise<T> },
): Promise<T> {
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isOutage(error)) throw error;
      log.warn({ err: error, retryInMs: pauseMs }, `waiting for ${what}`);
      await delay(pauseMs);
    }
  }
}

async function stopAll(parts: Part[], log: Logger): Promise<void> {
  const limit = setTimeout(() => {
    log.fatal('did not stop in time');
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
