import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './programs';
import { SetupError } from './setup-error';

/**
 * Claims a data folder for this process: two runs would start two servers on the same data.
 *
 * @param second what to tell somebody who wants a second run
 * @returns gives it back
 * @throws SetupError where another run has it
 */
export function lockDataFolder(
  folder: string,
  second = 'For a second one set DATA_FOLDER, ORDER_PORT and PAYMENT_PORT.',
): () => void {
  const claim = join(folder, 'running');
  mkdirSync(folder, { recursive: true });
  for (;;) {
    try {
      writeFileSync(claim, String(process.pid), { flag: 'wx' });
      return () => rmSync(claim, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        rmSync(claim, { force: true }); // on a full disk it is there, empty
        throw error;
      }
    }
    const holder = Number(readFileSync(claim, 'utf8'));
    if (holder > 0 && isRunning(holder)) {
      throw new SetupError(
        `The system runs already, as process ${holder}: use that one, or end it with Ctrl-C where it was started.\n` +
          `${second} Should process ${holder} be something else, remove ${claim}.`,
      );
    }
    rmSync(claim, { force: true }); // left by a run that was killed
  }
}
