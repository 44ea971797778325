import { execFileSync, spawn, spawnSync } from 'node:child_process';

/** How a server is unreachable: the type of a route, and the error of a client that connects. */
const UNREACHABLE = { EHOSTUNREACH: 'unreachable', ENETUNREACH: 'throw' } as const;
export type UnreachableError = keyof typeof UNREACHABLE;
export const UNREACHABLE_ERRORS = ['EHOSTUNREACH', 'ENETUNREACH'] as const satisfies UnreachableError[];

const INSIDE = 'ORDER_PLACEMENT_OWN_NETWORK';

/**
 * Runs this program again in a network namespace of its own, so that its faults can change routes without an effect on
 * the machine. This needs root on Linux.
 *
 * @returns false if this process is to continue: it is in such a namespace, or the machine does not allow one
 */
export async function runInOwnNetwork(): Promise<boolean> {
  if (hasOwnNetwork()) {
    ip('link', 'set', 'lo', 'up');
    return false;
  }
  if (spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status !== 0) return false;
  const [program, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const again = spawn('unshare', ['--net', program, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: 'true' },
  });
  // A terminal sends SIGINT to both processes. The inner one stops the system, and its exit code counts.
  process.on('SIGINT', () => undefined).on('SIGTERM', () => again.kill('SIGTERM'));
  process.exitCode = await new Promise<number>((resolve) => again.once('exit', (code) => resolve(code ?? 1)));
  return true;
}

export const hasOwnNetwork = (): boolean => process.env[INSIDE] === 'true';

/** Interrupts all connections to an address, and fails new ones with an error, until `makeReachable`. */
export const makeUnreachable = (address: string, error: UnreachableError): void =>
  ip('route', 'add', UNREACHABLE[error], address, 'table', 'local');

/** Ends what `makeUnreachable` has done. */
export const makeReachable = (address: string, error: UnreachableError): void =>
  ip('route', 'delete', UNREACHABLE[error], address, 'table', 'local');

const ip = (...args: string[]): void => void execFileSync('ip', args);
