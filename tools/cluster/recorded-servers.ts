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

interface Recorded {
  pid: number;
  /** When the process began, as the system has it: another process may have the number by now. */
  began: string;
  stopSignal: NodeJS.Signals;
}

/** Servers that outlive the process that has started them: which they are stands in a file. */
export class RecordedServers implements Starter {
  private readonly file: string;
  private refusing = false;

  constructor(private readonly folder: string) {
    this.file = join(folder, 'servers.json');
  }

  /** The names of those that run, the last started last. */
  get running(): string[] {
    return Object.entries(this.read()).flatMap(([name, server]) => (isAlive(server) ? [name] : []));
  }

  /** The process of one of them; null where it does not run. */
  pidOf(name: string): number | null {
    const server = this.read()[name];
    return server && isAlive(server) ? server.pid : null;
  }

  /** Starts a server, or waits for one that runs already. @throws where it does not get to where it can be used */
  async start(server: ServerProgram): Promise<void> {
    const { name, stopSignal = DEFAULT_STOP_SIGNAL } = server;
    if (this.refusing) throw new StartsRefusedError(name);
    const logs = join(this.folder, 'logs');
    if (this.pidOf(name) !== null) {
      const reason = await waitUntilReady(server.isReady, () => (this.pidOf(name) === null ? 'it ended' : null));
      if (reason !== null) throw new Error(`${name} had been started, but ${reason}: see ${logs}.`);
      return;
    }
    await launch(server, logs, ({ pid }) => {
      const began = pid === undefined ? null : beginOf(pid);
      if (pid === undefined || began === null) return; // it could not even be run, as `launch` will say
      const { [name]: _before, ...others } = this.read();
      this.write({ ...others, [name]: { pid, began, stopSignal } });
    });
  }

  /** Sends a signal to one of them and, `toAll`, to what it has started. */
  send(name: string, signal: NodeJS.Signals, { toAll = true } = {}): void {
    const pid = this.pidOf(name);
    if (pid !== null) process.kill(toAll ? -pid : pid, signal);
  }

  /** Ends one of them: in good order, or, with SIGKILL, as a crash does. */
  async end(name: string, signal?: 'SIGKILL'): Promise<void> {
    const server = this.read()[name];
    if (!server || !isAlive(server)) return;
    this.send(name, signal ?? server.stopSignal, { toAll: signal === 'SIGKILL' });
    for (const end = Date.now() + STOP_WITHIN_MS; isAlive(server); await delay(50)) {
      if (Date.now() > end) this.send(name, 'SIGKILL');
    }
  }

  /** From now on none is started: whoever was about to would start it behind the back of who stops them all. */
  refuseStarts(): void {
    this.refusing = true;
  }

  /** Stops all in good order, the last started first. */
  async stopAll(): Promise<void> {
    for (const name of this.running.toReversed()) await this.end(name);
  }

  private read(): Record<string, Recorded> {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, Recorded>) : {};
  }

  private write(servers: Record<string, Recorded>): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(`${this.file}.new`, JSON.stringify(servers, null, 2));
    renameSync(`${this.file}.new`, this.file);
  }
}

const isAlive = ({ pid, began }: Recorded): boolean => beginOf(pid) === began;

/** When a process began, in ticks since the machine did; null where there is none, or only its corpse. */
function beginOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}
