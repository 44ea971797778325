import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DEFAULT_STOP_SIGNAL,
  launch,
  StartsRefusedError,
  STOP_WITHIN_MS,
  waitUntilReady,
  type ServerProgram,
  type Starter,
} from '@shop/dev/servers';

interface ServerRecord {
  pid: number;
  /** The start time of the process, in clock ticks since boot: the system may give the pid to another process later. */
  startTime: string;
  stopSignal: NodeJS.Signals;
}

/** Servers that continue when the process that started them exits; `servers.json` records them. */
export class RecordedServers implements Starter {
  private readonly file: string;
  private refusing = false;

  constructor(private readonly folder: string) {
    this.file = join(folder, 'servers.json');
  }

  /** The names of the running servers, in the order in which they were started. */
  get running(): string[] {
    return Object.entries(this.read()).flatMap(([name, record]) => (isAlive(record) ? [name] : []));
  }

  /** Returns the process id of a server; null if it is not running. */
  pidOf(name: string): number | null {
    const record = this.read()[name];
    return record && isAlive(record) ? record.pid : null;
  }

  /** Starts a server, or waits for one that is already running. @throws {Error} if it does not become ready */
  async start(server: ServerProgram): Promise<void> {
    const { name, stopSignal = DEFAULT_STOP_SIGNAL } = server;
    if (this.refusing) throw new StartsRefusedError(name);
    const logs = join(this.folder, 'logs');
    if (this.pidOf(name) !== null) {
      const reason = await waitUntilReady(server.isReady, () => (this.pidOf(name) === null ? 'it exited' : null));
      if (reason !== null) throw new Error(`${name} is running, but cannot be used: ${reason}. See ${logs}.`);
      return;
    }
    await launch(server, logs, ({ pid }) => {
      const startTime = pid === undefined ? null : startTimeOf(pid);
      if (pid === undefined || startTime === null) return; // the program could not be run: `launch` throws
      const { [name]: _previous, ...others } = this.read();
      this.write({ ...others, [name]: { pid, startTime, stopSignal } });
    });
  }

  /** Sends a signal to a server and, by default, to the processes that it has started. */
  send(name: string, signal: NodeJS.Signals, { toAll = true } = {}): void {
    const pid = this.pidOf(name);
    if (pid !== null) process.kill(toAll ? -pid : pid, signal);
  }

  /** Shuts a server down cleanly; with SIGKILL, ends it like a crash. */
  async end(name: string, signal?: 'SIGKILL'): Promise<void> {
    const record = this.read()[name];
    if (!record || !isAlive(record)) return;
    this.send(name, signal ?? record.stopSignal, { toAll: signal === 'SIGKILL' });
    for (const end = Date.now() + STOP_WITHIN_MS; isAlive(record); await delay(50)) {
      if (Date.now() > end) this.send(name, 'SIGKILL');
    }
  }

  /** Refuses every later start, so that none can happen while all servers are stopped. */
  refuseStarts(): void {
    this.refusing = true;
  }

  /** Shuts all servers down cleanly, in the reverse order of their starts. */
  async stopAll(): Promise<void> {
    for (const name of this.running.toReversed()) await this.end(name);
  }

  private read(): Record<string, ServerRecord> {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, ServerRecord>) : {};
  }

  private write(servers: Record<string, ServerRecord>): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(`${this.file}.new`, JSON.stringify(servers, null, 2));
    renameSync(`${this.file}.new`, this.file);
  }
}

const isAlive = ({ pid, startTime }: ServerRecord): boolean => startTimeOf(pid) === startTime;

/** Returns the start time of a process, in clock ticks since boot; null if it does not exist or is a zombie. */
function startTimeOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}
