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

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const STOP = {
  /**
   * The limit for all parts together. Longer than the 8 seconds after which PostgreSQL cancels a statement, so that a
   * request in flight is answered. Shorter than the 10 seconds after which `docker stop` kills a container.
   */
  limitMs: 8_500,
  /** What a part gets even if the parts before it have used up the limit, to release its connections. */
  leastMs: 250,
};

/**
 * Runs a service until SIGTERM, SIGINT or SIGHUP. Then drains it, stops its parts, and exits with code 0 within 10 seconds
 * after `drainMs`. A part that takes longer is logged and abandoned: its server may be unavailable, and the work in flight
 * is durable. A second signal changes nothing; a third one ends the process immediately.
 *
 * Exits with code 1 if the start fails, a part fails to stop, an error is not caught, or a third signal arrives.
 *
 * @param start starts the service and adds the parts that must be stopped to `groups`. The last group stops first; the
 *   parts of a group stop at the same time. A signal that arrives before `start` returns aborts `stopping`. If it returns
 *   `done`, the process does not serve: it stops its parts and exits with code 0
 */
export async function runUntilSignal(
  { log, drainMs }: LifecycleOptions,
  start: (groups: Part[][], stopping: AbortSignal) => Promise<void | 'done'>,
): Promise<void> {
  const groups: Part[][] = [];
  const stopping = new AbortController();
  const signal = firstSignal(log);
  // An uncaught error leaves the process in an unknown state. The work in flight is durable; another process resumes it.
  process.on('uncaughtException', (error) => {
    log.fatal(error, 'uncaught error');
    process.exit(1);
  });

  try {
    const outcome = await Promise.race([start(groups, stopping.signal), signal]);
    if (outcome === 'done') {
      await stopAll(groups, log);
      process.exit();
    }
    if (outcome === undefined) log.info('started');
  } catch (error) {
    log.fatal(error, 'start failed');
    process.exitCode = 1;
    await stopAll(groups, log);
    process.exit();
  }

  log.info({ signal: await signal, drainMs }, 'stopping');
  stopping.abort();
  await delay(drainMs);
  await stopAll(groups, log);
  log.info('stopped');
  process.exit();
}

/** Resolves at the first signal. The second one is ignored: Ctrl-C in a terminal sends one, and `make run` another. */
function firstSignal(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let received = 0;
    const receive = (signal: NodeJS.Signals): void => {
      received++;
      if (received === 1) return resolve(signal);
      if (received === 2) return log.warn({ signal }, 'already stopping; a third signal ends the process');
      log.fatal({ signal }, 'ended by a third signal');
      process.exit(1);
    };
    for (const signal of SIGNALS) process.on(signal, receive);
  });
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

async function stopAll(groups: Part[][], log: Logger): Promise<void> {
  const deadline = performance.now() + STOP.limitMs;
  for (const group of groups.toReversed()) {
    const limitMs = Math.max(deadline - performance.now(), STOP.leastMs);
    await Promise.all(group.map((part) => stopWithin(limitMs, part, log)));
  }
}

async function stopWithin(limitMs: number, part: Part, log: Logger): Promise<void> {
  try {
    const outcome = await Promise.race([part.stop(), delay(limitMs, 'overrun')]);
    if (outcome === 'overrun') log.error({ part: part.name, limitMs }, 'part did not stop in time');
    else log.debug({ part: part.name }, 'part stopped');
  } catch (error) {
    log.error({ err: error, part: part.name }, 'part failed to stop');
    process.exitCode = 1;
  }
}
