import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Returns the path of a program: on the PATH, or in a folder that is searched before or after it; null if none has it. */
export function findProgram(
  name: string,
  { before = [], after = [] }: { before?: string[]; after?: string[] } = {},
): string | null {
  const folders = [...before, ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...after];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program and waits until it exits. If this process exits first, it stops the program and everything that the
 * program has started, which therefore form a separate process group.
 *
 * @param options `signal` stops the program as well
 * @returns what the program wrote to standard output
 * @throws {Error} with the end of its standard error if it could not be started or failed
 */
export async function runProgram(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; uid?: number; gid?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const { env, signal, ...rest } = options;
  const child = spawn(program, args, {
    ...rest,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => signalGroup(child.pid, 'SIGTERM');
  process.prependOnceListener('exit', stop); // before the listeners that remove what the program writes
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const [[exitCode, endSignal], output, errors] = await Promise.all([
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      text(child.stdout),
      text(child.stderr),
    ]);
    if (exitCode !== 0) throw new Error(errors.trim().slice(-2_000) || exitText(exitCode, endSignal));
    return output;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${program} ${args[0] ?? ''} failed: ${reason}`, { cause: error });
  } finally {
    process.off('exit', stop);
    signal?.removeEventListener('abort', stop);
  }
}

/** Sends a signal to a process group; does nothing if it has ended. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return; // it was never started
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Describes how a process ended: "exit code 3" or "SIGKILL". */
export const exitText = (exitCode: number | null, signal: NodeJS.Signals | null): string =>
  signal ?? `exit code ${exitCode ?? 'unknown'}`;

/** Returns whether a process of this machine is running, even if another user owns it. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
