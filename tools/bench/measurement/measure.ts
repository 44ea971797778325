import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Part, Running } from '../candidates/candidates';
import type { Load, LoadTask, Post } from '../load/load';
import { MemoryWatch, type Megabytes } from './memory-sampler';
import { outcomeOf, type Outcome } from './outcome';
import { cpuMsOf, machineCpuMs, ownCpuMs } from './process-usage';
import type { Stage } from '../environment/bench-environment';

/** How a contestant did in one case, and what it cost. */
export interface Measurement extends Outcome {
  cpuMsPerOrder: Partial<Record<Part, number>>;
  /** At its largest. */
  memoryMb: Megabytes;
  /** How much of the machine others took meanwhile, 0 to 1. */
  foreign: number;
}

/** A measurement, and the memory that was looked at meanwhile. */
export interface Measured {
  measurement: Measurement;
  memory: MemoryWatch;
}

const SETTLES_WITHIN_MS = 180_000;
const MEMORY_EVERY_MS = 1_000;
const CORES = availableParallelism();

/**
 * Puts a load on a contestant and waits until every order that it accepted has ended.
 *
 * @throws where nothing was accepted, or a part has ended: what is left to measure would look better than it is
 */
export async function measure(
  stage: Stage,
  running: Running,
  load: Load,
  settlesWithinMs = SETTLES_WITHIN_MS,
): Promise<Measured> {
  const { url, book, parts } = running;
  const names = Object.keys(parts) as Part[];
  const pids = names.map((name) => stage.pidOf(parts[name]!));
  const memory = new MemoryWatch(stage, running, MEMORY_EVERY_MS);
  const cpu = (): number[] => [...cpuMsOf(pids), ownCpuMs(), machineCpuMs()];

  try {
    const settledBefore = await book.settled();
    const before = cpu();
    const beganMs = performance.now();
    const posts = await inProcessOfItsOwn({ url, load });
    refuseEnded(stage, running);
    const accepted = posts.filter(({ orderId }) => orderId !== null).length;
    if (accepted === 0) throw new Error(`None of ${posts.length} orders was accepted.`);

    await untilSettled(stage, running, settledBefore + accepted, settlesWithinMs);
    const used = cpu().map((value, index) => value - before[index]!);
    const lasted = performance.now() - beganMs;
    const gaveUpAtMs = Date.now();
    refuseEnded(stage, running);

    const [others, machine] = [used.slice(0, -1).reduce((sum, one) => sum + one, 0), used.at(-1)!];
    const measurement: Measurement = {
      ...outcomeOf(posts, await book.settledSince(posts[0]!.sentAtMs), gaveUpAtMs),
      cpuMsPerOrder: Object.fromEntries(names.map((name, index) => [name, used[index]! / accepted])),
      memoryMb: memory.peak(),
      foreign: Math.max(0, (machine - others) / lasted / CORES),
    };
    return { measurement, memory };
  } finally {
    memory.stop();
  }
}

function refuseEnded(stage: Stage, { parts }: Running): void {
  const ended = Object.values(parts).filter((server) => !stage.isRunning(server));
  if (ended.length > 0) throw new Error(`It has ended while it was measured: ${ended.join(', ')}.`);
}

// Counting takes longer the more orders there are. At 50 times as long a pause it stays at a fiftieth of a core.
const PAUSE_MS = { least: 200, perMsOfLook: 50, most: 5_000 };

/** Waits until so many orders have ended, or the time is up. */
async function untilSettled(stage: Stage, running: Running, count: number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const lookedAt = performance.now();
    const settled = await running.book.settled();
    const now = performance.now();
    if (settled >= count || now >= deadline) return;
    refuseEnded(stage, running);
    const pauseMs = Math.max(PAUSE_MS.least, (now - lookedAt) * PAUSE_MS.perMsOfLook);
    await delay(Math.min(pauseMs, PAUSE_MS.most));
  }
}

async function inProcessOfItsOwn(task: LoadTask): Promise<Post[]> {
  const child = fork(require.resolve('../load/load-process'), { serialization: 'advanced' });
  const ended = once(child, 'exit');
  child.send(task);
  const posts = await Promise.race([
    once(child, 'message').then(([message]) => message as Post[]),
    once(child, 'disconnect').then(() => null), // unlike its end, seen after all that it has sent
  ]);
  await ended;
  if (posts === null) throw new Error('The client of the bench ended before it was done: its message is above.');
  return posts;
}
