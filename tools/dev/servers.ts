import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface ServerProgram {
  /** Names the server to people, and its log file. */
  name: string;
  /** Names its log file otherwise, so that one that is started again leaves the log of its earlier life. */
  logName?: string;
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

/** Starts servers, and keeps account of them. */
export interface Starter {
  /** Starts a server and waits until it can be used. @throws with the end of its log where it does not get there */
  start(server: ServerProgram): Promise<void>;
}

/** What asks a server to end that has no signal of its own for it. */
export const DEFAULT_STOP_SIGNAL = 'SIGTERM';
const READY_WITHIN_MS = 90_000;
/** How long a server may take to end in good order. */
export const STOP_WITHIN_MS = 30_000;

/** Servers are being stopped, and none is started any more. */
export class StartsRefusedError extends Error {
  override name = 'StartsRefusedError';

  constructor(server: string) {
    super(`${server} is not started: all is being stopped.`);
  }
}

/** The server processes that we have started, and nobody else's; their output goes to log files. */
export class Servers implements Starter {
  private readonly running: { name: string; child: ChildProcess; stopSignal: NodeJS.Signals }[] = [];
  private refusing = false;

  constructor(private readonly logFolder: string) {}

  async start(server: ServerProgram): Promise<void> {
    const { name, stopSignal = DEFAULT_STOP_SIGNAL } = server;
    if (this.refusing) throw new StartsRefusedError(name);
    process.off('exit', this.killAll).once('exit', this.killAll);
    await launch(server, this.logFolder, (child) => this.running.push({ name, child, stopSignal }));
  }

  /** The process id of one of them. @throws where it does not run */
  pidOf(name: string): number {
    const server = this.find(name);
    if (server?.child.pid === undefined) throw new Error(`${name} does not run.`);
    return server.child.pid;
  }

  isRunning(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** Sends a signal to one of them and to what it has started. */
  send(name: string, signal: NodeJS.Signals): void {
    const server = this.find(name);
    if (server) process.kill(-server.child.pid!, signal);
  }

  /** Ends one of them: in good order, or, with SIGKILL, as a crash does. */
  async end(name: string, signal?: 'SIGKILL'): Promise<void> {
    const server = this.find(name);
    if (!server) return;
    if (!signal) return stop(server.child, server.stopSignal);
    const ended = once(server.child, 'exit');
    process.kill(-server.child.pid!, signal);
    await ended;
  }

  /** From now on none is started: whoever was about to would start it behind the back of who stops them all. */
  refuseStarts(): void {
    this.refusing = true;
  }

  /** For a process that ends without having stopped them, as at an impatient Ctrl-C. */
  private readonly killAll = (): void => {
    for (const { child } of this.running) if (!hasEnded(child)) process.kill(-child.pid!, 'SIGKILL');
  };

  /** Stops all servers in good order, the last started first. */
  async stopAll(): Promise<void> {
    for (let server = this.running.at(-1); server; server = this.running.at(-1)) {
      await stop(server.child, server.stopSignal); // still among them meanwhile, in case this process ends before it
      if (this.running.at(-1) === server) this.running.pop();
    }
    process.off('exit', this.killAll);
  }

  private find(name: string): (typeof this.running)[number] | undefined {
    return this.running.find((one) => one.name === name && !hasEnded(one.child));
  }
}

/**
 * Starts a server as a process that outlives this one, its output in a log file, and waits until it can be used.
 *
 * @param onStart hears of the process as soon as there is one, whether it can be used by then or ever
 * @throws with the end of its log where it does not get there
 */
export async function launch(
  { name, logName = name, program, args, env, cwd, uid, gid, isReady }: ServerProgram,
  logFolder: string,
  onStart: (child: ChildProcess) => void,
): Promise<void> {
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, `${logName}.log`);
  const log = openSync(logFile, 'w');
  // A group of its own: a Ctrl-C at the terminal is for us, who then stop the servers in their order.
  const child = spawn(program, args, { env, cwd, uid, gid, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let failure: string | null = null;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure ??= `it ended with ${signal ?? `exit code ${code}`}`));
  onStart(child);

  const reason = await waitUntilReady(isReady, () => failure);
  if (reason !== null) throw new Error(`${name} did not start: ${reason}. From ${logFile}:\n${tailOf(logFile)}`);
}

/**
 * Waits until a server can be used.
 *
 * @param failure what has become of it, once that cannot be any more
 * @returns why it does not get there; null where it does
 */
export async function waitUntilReady(
  isReady: ServerProgram['isReady'],
  failure: () => string | null,
): Promise<string | null> {
  for (const end = Date.now() + READY_WITHIN_MS; ; await delay(100)) {
    const reason = failure() ?? (Date.now() > end ? `it was not ready within ${READY_WITHIN_MS / 1_000} s` : null);
    if (reason !== null || (await isReady().catch(() => false))) return reason;
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
