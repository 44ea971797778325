import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface ServerProgram {
  /** Names the server to people, and its log file. */
  name: string;
  program: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Asks it to end in good order. */
  stopSignal?: NodeJS.Signals;
  /** Whether it can be used by now; may throw while it cannot. */
  isReady: () => Promise<boolean>;
}

const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 30_000;

/** The server processes that we have started, and nobody else's; their output goes to log files. */
export class Servers {
  private readonly running: { name: string; child: ChildProcess; stopSignal: NodeJS.Signals }[] = [];

  constructor(private readonly logFolder: string) {}

  /** Starts a server and waits until it can be used. @throws with the end of its log where it does not get there */
  async start({ name, program, args, env, isReady, stopSignal = 'SIGTERM', ...options }: ServerProgram): Promise<void> {
    mkdirSync(this.logFolder, { recursive: true });
    const logFile = join(this.logFolder, `${name}.log`);
    const log = openSync(logFile, 'w');
    // A group of its own: a Ctrl-C at the terminal is for us, who then stop the servers in their order.
    const child = spawn(program, args, { ...options, env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    let failure: string | null = null;
    child.once('error', (error) => (failure = error.message));
    child.once('exit', (code, signal) => (failure ??= `it ended with ${signal ?? `exit code ${code}`}`));
    this.running.push({ name, child, stopSignal });

    for (const end = Date.now() + READY_WITHIN_MS; ; await delay(100)) {
      const reason = failure ?? (Date.now() > end ? `it was not ready within ${READY_WITHIN_MS / 1_000} s` : null);
      if (reason !== null) throw new Error(`${name} did not start: ${reason}. From ${logFile}:\n${tailOf(logFile)}`);
      if (await isReady().catch(() => false)) return;
    }
  }

  /** Stops all servers in good order, the last started first. */
  async stopAll(): Promise<void> {
    for (let server = this.running.pop(); server; server = this.running.pop())
      await stop(server.child, server.stopSignal);
  }
}

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const patience = new AbortController();
  await Promise.race([ended, delay(STOP_WITHIN_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
  patience.abort();
  if (!hasEnded(child)) process.kill(-child.pid!, 'SIGKILL');
  await ended;
}

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
}
