import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Where a program lies: on the PATH, or in a folder that is not on it but looked at before or after. */
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

/** Runs a program to its end. @returns what it printed @throws with what it complained about */
export async function runProgram(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; uid?: number; gid?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const { env, ...rest } = options;
  const running = execute(program, args, {
    ...rest,
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  const stop = (): void => void running.child.kill(); // it does not outlive us
  process.once('exit', stop);
  try {
    return (await running).stdout;
  } catch (error) {
    const complaint = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${program} ${args[0] ?? ''} failed: ${complaint.slice(-2_000) || String(error)}`, {
      cause: error,
    });
  } finally {
    process.off('exit', stop);
  }
}

/** Whether a process of this machine runs, be it ours or another user's. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
