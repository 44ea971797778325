import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunning } from './programs';
import { SetupError } from './setup-error';

/** The folder of this checkout. */
export const CHECKOUT = join(dirname(require.resolve('@shop/dev/package.json')), '..', '..');

const IGNORE_ALL = '*\n';

/** Other users read nothing. If this process is root, PostgreSQL runs as another user, who must reach its own folder. */
const FOLDER_MODE = process.getuid?.() === 0 ? 0o711 : 0o700;

/** Makes the files that this process and those that it starts create readable by their owner only. */
export const keepNewFilesPrivate = (): void => void process.umask(0o077);

/**
 * Locks a data folder for this process: two servers on the same data would damage it. Creates the folder if necessary, and
 * makes it readable by its owner only.
 *
 * @param advice how to run a second system beside the first
 * @returns a function that unlocks it
 * @throws {SetupError} if another process has locked it
 */
export function lockDataFolder(
  folder: string,
  advice = 'For a second one set DATA_FOLDER, ORDER_PORT and PAYMENT_PORT.',
): () => void {
  const lock = join(folder, 'running');
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  ignoreInGit(folder);
  if (isOwnFolder(folder)) chmodSync(folder, FOLDER_MODE);
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        rmSync(lock, { force: true }); // on a full disk the file exists, but is empty
        throw error;
      }
    }
    const owner = lockOwner(folder);
    if (owner !== null) {
      throw new SetupError(
        `The system is already running, as process ${owner}: use it, or stop it with Ctrl-C where it was started.\n` +
          `${advice} If process ${owner} is something else, remove ${lock}.`,
      );
    }
    rmSync(lock, { force: true }); // left by a process that was killed
  }
}

/** Returns the process that has locked a data folder; null if none has. */
export function lockOwner(folder: string): number | null {
  const lock = join(folder, 'running');
  const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
  return owner > 0 && isRunning(owner) ? owner : null;
}

/**
 * Hides the folder from Git, and so from the lint and format checks, whatever its name is. An existing folder with files
 * keeps what it has: it may be a part of the checkout.
 */
function ignoreInGit(folder: string): void {
  if (readdirSync(folder).length === 0) writeFileSync(join(folder, '.gitignore'), IGNORE_ALL, { mode: 0o600 });
}

/** Whether the folder was created by this program, and is no part of the checkout. */
function isOwnFolder(folder: string): boolean {
  const file = join(folder, '.gitignore');
  return existsSync(file) && readFileSync(file, 'utf8') === IGNORE_ALL;
}

/**
 * Records that this process runs the programs of this checkout, so that `make clean` does not remove them.
 *
 * @returns a function that removes the record
 */
export function recordRun(checkout = CHECKOUT): () => void {
  const record = join(checkout, 'node_modules', '.running', String(process.pid));
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, '');
  return () => rmSync(record, { force: true });
}
