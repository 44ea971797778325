import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component, RunningCandidate } from '../candidates/candidates';
import type { BenchEnvironment } from '../environment/bench-environment';
import type { Load, LoadTask, Post } from '../load/load';
import { MemorySampler, type MemoryByComponent } from './memory-sampler';
import { outcomeOf, type Outcome } from './outcome';
import { cpuMsOf, machineCpuMs, ownCpuMs } from './process-usage';

/** The result of a load on a candidate, and the resources that it used. */
export interface Measurement extends Outcome {
  cpuMsPerOrder: Partial<Record<Component, number>>;
  /** The maximum of each component. */
  memoryMb: MemoryByComponent;
  /** The share of the machine's CPU time, 0 to 1, that other work used during the measurement. */
  backgroundLoad: number;
}

const SETTLE_TIMEOUT_MS = 180_000;
const MEMORY_INTERVAL_MS = 1_000;
const CORES = availableParallelism();

/**
 * Applies a load to a candidate, waits until every accepted order has settled and measures both.
 *
 * @param settleTimeoutMs after which the wait ends
 * @throws {Error} if no order was accepted, or if a component has ended: the figures would be too good then
 */
export async function measure(
  environment: BenchEnvironment,
  candidate: RunningCandidate,
  load: Load,
  settleTimeoutMs = SETTLE_TIMEOUT_MS,
): Promise<{ measurement: Measurement; memory: MemorySampler }> {
  const { url, inspector, components } = candidate;
  const names = Object.keys(components) as Component[];
  const pids = names.map((name) => environment.pidOf(components[name]!));
  const memory = new MemorySampler(environment, candidate, MEMORY_INTERVAL_MS);
  const readCpu = (): number[] => [...cpuMsOf(pids), ownCpuMs(), machineCpuMs()];

  try {
    const settledBefore = await inspector.countSettled();
    const cpuBefore = readCpu();
    const startedAt = performance.now();
    const posts = await postInChildProcess({ url, load });
    assertRunning(environment, candidate);
    const accepted = posts.filter(({ orderId }) => orderId !== null).length;
    if (accepted === 0) throw new Error(`None of ${posts.length} orders was accepted.`);

    await waitUntilSettled(environment, candidate, settledBefore + accepted, settleTimeoutMs);
    const cpuUsed = readCpu().map((value, index) => value - cpuBefore[index]!);
    const elapsedMs = performance.now() - startedAt;
    const waitEndedAtMs = Date.now();
    assertRunning(environment, candidate);

    const [benchCpu, machineCpu] = [cpuUsed.slice(0, -1).reduce((sum, one) => sum + one, 0), cpuUsed.at(-1)!];
    const measurement: Measurement = {
      ...outcomeOf(posts, await inspector.settledSince(posts[0]!.sentAtMs), waitEndedAtMs),
      cpuMsPerOrder: Object.fromEntries(names.map((name, index) => [name, cpuUsed[index]! / accepted])),
      memoryMb: memory.peak(),
      backgroundLoad: Math.max(0, (machineCpu - benchCpu) / elapsedMs / CORES),
    };
    return { measurement, memory };
  } finally {
    memory.stop();
  }
}

function assertRunning(environment: BenchEnvironment, { components }: RunningCandidate): void {
  const ended = Object.values(components).filter((server) => !environment.isRunning(server));
  if (ended.length > 0) throw new Error(`Ended during the measurement: ${ended.join(', ')}.`);
}

// Counting takes longer the more orders there are. A pause of 50 times its duration limits it to 2 % of a core.
const POLL_PAUSE_MS = { min: 200, perMsOfCounting: 50, max: 5_000 };

/** Waits until the given number of orders has settled, or until the timeout. */
async function waitUntilSettled(
  environment: BenchEnvironment,
  candidate: RunningCandidate,
  count: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const startedAt = performance.now();
    const settled = await candidate.inspector.countSettled();
    const now = performance.now();
    if (settled >= count || now >= deadline) return;
    assertRunning(environment, candidate);
    const pauseMs = Math.max(POLL_PAUSE_MS.min, (now - startedAt) * POLL_PAUSE_MS.perMsOfCounting);
    await delay(Math.min(pauseMs, POLL_PAUSE_MS.max));
  }
}

/** Applies a load in a child process, so that its CPU time is not counted for this one. */
export async function postInChildProcess(task: LoadTask): Promise<Post[]> {
  const child = fork(require.resolve('../load/load-process'), { serialization: 'advanced' });
  const exited = once(child, 'exit');
  child.send(task);
  const posts = await Promise.race([
    once(child, 'message').then(([message]) => message as Post[]),
    once(child, 'disconnect').then(() => null), // unlike 'exit', emitted after all messages
  ]);
  await exited;
  if (posts === null) throw new Error('The load client ended before it was done. Its error message is above.');
  return posts;
}
