import { readdirSync, readFileSync } from 'node:fs';

const MS_PER_TICK = 10; // /proc counts in USER_HZ, which is 100 on all architectures of Linux that we support

interface ProcessStat {
  parent: number;
  /** CPU time of the process and of its children that have ended. */
  cpuMs: number;
}

/** Returns the CPU time of each process including its descendants, in milliseconds. */
export function cpuMsOf(pids: number[]): number[] {
  const stats = readStats();
  return pids.map((pid) => treeOf(pid, stats).reduce((sum, member) => sum + (stats.get(member)?.cpuMs ?? 0), 0));
}

/** The resident memory of a process in MB. */
export interface MemoryMb {
  /** The proportional set size (PSS): shared pages are divided by the number of processes that map them. */
  total: number;
  /** `total` without shared memory segments such as PostgreSQL's buffers, which fill up to a fixed size. */
  private: number;
}

/** Returns the memory of each process including its descendants. */
export function memoryOf(pids: number[]): MemoryMb[] {
  const stats = readStats();
  return pids.map((pid) => {
    const memories = treeOf(pid, stats).map(memoryOfProcess);
    return {
      total: memories.reduce((sum, memory) => sum + memory.total, 0),
      private: memories.reduce((sum, memory) => sum + memory.private, 0),
    };
  });
}

/** Returns the CPU time of this process and of its children that have ended, in milliseconds. */
export function ownCpuMs(): number {
  return readStats().get(process.pid)?.cpuMs ?? 0;
}

/** Returns the CPU time of the whole machine without idle time, in milliseconds. */
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
    const text = readIfPresent(`/proc/${name}/stat`);
    // The second field is the name in parentheses; it can contain spaces and parentheses.
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

const memoryOfProcess = (pid: number): MemoryMb => parseMemory(readIfPresent(`/proc/${pid}/smaps_rollup`));

/** Parses the text of `/proc/<pid>/smaps_rollup`. */
export function parseMemory(rollup: string): MemoryMb {
  const megabytes = (line: RegExp): number => Number(line.exec(rollup)?.[1] ?? 0) / 1_024;
  const total = megabytes(/^Pss:\s+(\d+)/m);
  return { total, private: total - megabytes(/^Pss_Shmem:\s+(\d+)/m) };
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process has ended
  }
}
