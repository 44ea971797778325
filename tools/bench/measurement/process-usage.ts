import { readdirSync, readFileSync } from 'node:fs';

const MS_PER_TICK = 10; // Linux counts for its users in hundredths of a second, whatever it does itself

interface ProcessStat {
  parent: number;
  /** Of the process and of its children that have ended. */
  cpuMs: number;
}

/** The CPU time of processes with all that they have started, in milliseconds; in the order asked for. */
export function cpuMsOf(pids: number[]): number[] {
  const stats = readStats();
  return pids.map((pid) => treeOf(pid, stats).reduce((sum, one) => sum + (stats.get(one)?.cpuMs ?? 0), 0));
}

/** What of a process is in RAM, in megabytes. */
export interface MemoryMb {
  all: number;
  /** Without memory set aside for sharing, such as PostgreSQL's buffers: that fills up to a size fixed at its start. */
  own: number;
}

/** The memory of processes with all that they have started; in the order asked for. */
export function memoryOf(pids: number[]): MemoryMb[] {
  const stats = readStats();
  return pids.map((pid) => {
    const memories = treeOf(pid, stats).map(memoryOfOne);
    return {
      all: memories.reduce((sum, { all }) => sum + all, 0),
      own: memories.reduce((sum, { own }) => sum + own, 0),
    };
  });
}

/** The CPU time of this process and of those that it has started and that have ended, in milliseconds. */
export function ownCpuMs(): number {
  return readStats().get(process.pid)?.cpuMs ?? 0;
}

/** The CPU time that the whole machine has spent working, in milliseconds. */
export function machineCpuMs(): number {
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = readFileSync('/proc/stat', 'utf8')
    .slice(0, 200)
    .split('\n')[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts) * MS_PER_TICK;
}

function readStats(): Map<number, ProcessStat> {
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = readOrNothing(`/proc/${name}/stat`);
    // The name comes second, in parentheses, and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
    if (childrenSystem === undefined) continue;
    stats.set(Number(name), {
      parent: Number(fields[1]),
      cpuMs: (user! + system! + childrenUser! + childrenSystem) * MS_PER_TICK,
    });
  }
  return stats;
}

function treeOf(root: number, stats: ReadonlyMap<number, ProcessStat>): number[] {
  const tree = [root];
  for (const member of tree) {
    for (const [pid, { parent }] of stats) if (parent === member) tree.push(pid);
  }
  return tree;
}

const memoryOfOne = (pid: number): MemoryMb => memoryIn(readOrNothing(`/proc/${pid}/smaps_rollup`));

/** What Linux tells of a process's memory (`smaps_rollup`), read. */
export function memoryIn(rollup: string): MemoryMb {
  const megabytes = (line: RegExp): number => Number(line.exec(rollup)?.[1] ?? 0) / 1_024;
  const all = megabytes(/^Pss:\s+(\d+)/m);
  return { all, own: all - megabytes(/^Pss_Shmem:\s+(\d+)/m) };
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
