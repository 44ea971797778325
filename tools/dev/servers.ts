import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { durationText } from './progress';
import { exitText, signalGroup } from './programs';

export interface ServerProgram {
  /** Identifies the server, also in messages and as the name of its log file. */
  name: string;
  /** The name of the log file if it differs from `name`, so that a restart keeps the log of the earlier process. */
  logName?: string;
  /** Whether to keep what the log file contains. */
  appendLog?: boolean;
  program: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Requests an orderly shutdown. */
  stopSignal?: NodeJS.Signals;
  /** Whether the server accepts requests; an error counts as no. */
  isReady: () => Promise<boolean>;
}

/** Starts servers and keeps track of them. */
export interface Starter {
  /**
   * Starts a server and waits until it is ready.
   *
   * @throws {Error} with the end of its log if it ends before it is ready, or is not ready in time
   */
  start(server: ServerProgram): Promise<void>;
}

/** The signal that requests the shutdown of a server without a `stopSignal`. */
export const DEFAULT_STOP_SIGNAL = 'SIGTERM';
/** Limits only a server that hangs: one that ends is detected immediately. On a slow machine Temporal takes 80 s. */
const READY_WITHIN_MS = 5 * 60_000;
/** How long a server may take to shut down before it is killed. */
export const STOP_WITHIN_MS = 30_000;

/** Servers are being stopped, so no further server is started. */
export class StartsRefusedError extends Error {
  override name = 'StartsRefusedError';

  constructor(server: string) {
    super(`${server} is not started, because all servers are being stopped.`);
  }
}

/** The server processes that this process has started; their output goes to log files. */
export class Servers implements Starter {
  private readonly started: { name: string; child: ChildProcess; stopSignal: NodeJS.Signals; logFile: string }[] = [];
  private refusing = false;

  constructor(private readonly logFolder: string) {}

  async start(server: ServerProgram): Promise<void> {
    const { name, stopSignal = DEFAULT_STOP_SIGNAL } = server;
    if (this.refusing) throw new StartsRefusedError(name);
    process.off('exit', this.killAll).once('exit', this.killAll);
    await launch(server, this.logFolder, (child, logFile) => {
      const ended = this.started.findIndex((one) => one.name === name && hasEnded(one.child));
      if (ended !== -1) this.started.splice(ended, 1);
      this.started.push({ name, child, stopSignal, logFile });
    });
  }

  /** Returns the process id of a server. @throws {Error} if it is not running */
  pidOf(name: string): number {
    const server = this.findRunning(name);
    if (server?.child.pid === undefined) throw new Error(`${name} is not running.`);
    return server.child.pid;
  }

  isRunning(name: string): boolean {
    return this.findRunning(name) !== undefined;
  }

  /** Waits until the process that was started last for a server ends. @returns how it ended */
  async ended(name: string): Promise<string> {
    const server = this.started.findLast((one) => one.name === name);
    if (!server) throw new Error(`${name} was not started.`);
    const { child } = server;
    if (!hasEnded(child)) await once(child, 'exit');
    return exitText(child.exitCode, child.signalCode);
  }

  /** Returns the last lines of a server's log. */
  logTail(name: string): string {
    const server = this.started.findLast((one) => one.name === name);
    return server ? tailOf(server.logFile) : '';
  }

  /** Sends a signal to a server and to the processes that it has started. */
  send(name: string, signal: NodeJS.Signals): void {
    signalGroup(this.findRunning(name)?.child.pid, signal);
  }

  /** Shuts a server down cleanly; with SIGKILL, ends it like a crash. */
  async end(name: string, signal?: 'SIGKILL'): Promise<void> {
    const server = this.findRunning(name);
    if (!server) return;
    if (!signal) return stop(server.child, server.stopSignal);
    const ended = once(server.child, 'exit');
    signalGroup(server.child.pid, signal);
    await ended;
  }

  /** Refuses further starts, so that no server is started while all are being stopped. */
  refuseStarts(): void {
    this.refusing = true;
  }

  /** Kills the servers if this process exits without having stopped them, for example at a second Ctrl-C. */
  private readonly killAll = (): void => {
    for (const { child } of this.started) if (!hasEnded(child)) signalGroup(child.pid, 'SIGKILL');
  };

  /** Shuts down all servers in the reverse order of their start. */
  async stopAll(): Promise<void> {
    for (let server = this.started.at(-1); server; server = this.started.at(-1)) {
      await stop(server.child, server.stopSignal); // it stays listed until it has ended, for `killAll`
      if (this.started.at(-1) === server) this.started.pop();
    }
    process.off('exit', this.killAll);
  }

  private findRunning(name: string): (typeof this.started)[number] | undefined {
    return this.started.find((one) => one.name === name && !hasEnded(one.child));
  }
}

/**
 * Starts a server as a process that outlives this one, with its output in a log file, and waits until it is ready.
 *
 * @param onStart receives the process as soon as it exists, before it is ready
 * @throws {Error} with the end of its log if it ends before it is ready, or is not ready in time
 */
export async function launch(
  { name, logName = name, appendLog = false, program, args, env, cwd, uid, gid, isReady }: ServerProgram,
  logFolder: string,
  onStart: (child: ChildProcess, logFile: string) => void,
): Promise<void> {
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, `${logName}.log`);
  const log = openSync(logFile, appendLog ? 'a' : 'w');
  // A separate process group: Ctrl-C at the terminal must reach only this process, which stops the servers in order.
  const child = spawn(program, args, { env, cwd, uid, gid, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let failure: string | null = null;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (exitCode, signal) => (failure ??= `it ended with ${exitText(exitCode, signal)}`));
  onStart(child, logFile);

  const reason = await waitUntilReady(isReady, () => failure);
  if (reason !== null) throw new Error(`${name} did not start: ${reason}. From ${logFile}:\n${tailOf(logFile)}`);
}

/**
 * Waits until a server is ready.
 *
 * @param failure returns why the server can never become ready; null if it still can
 * @returns why the server did not become ready; null if it is ready
 */
export async function waitUntilReady(
  isReady: ServerProgram['isReady'],
  failure: () => string | null,
): Promise<string | null> {
  for (const end = Date.now() + READY_WITHIN_MS; ; await delay(100)) {
    const reason = failure() ?? (Date.now() > end ? `it was not ready within ${durationText(READY_WITHIN_MS)}` : null);
    if (reason !== null || (await isReady().catch(() => false))) return reason;
  }
}

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timeout = new AbortController();
  await Promise.race([ended, delay(STOP_WITHIN_MS, undefined, { signal: timeout.signal }).catch(() => undefined)]);
  timeout.abort();
  if (!hasEnded(child)) signalGroup(child.pid, 'SIGKILL');
  await ended;
}

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
}
