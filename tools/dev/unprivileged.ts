import { createHash } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram } from './programs';
import { SetupError } from './setup-error';

/** The user to run a server as that refuses to run as root; empty where we are not root ourselves. */
export interface User {
  uid?: number;
  gid?: number;
}

/** `nobody`, where we are root. */
export async function unprivilegedUser(): Promise<User> {
  if (process.getuid?.() !== 0) return {};
  return {
    uid: Number(await runProgram('id', ['-u', 'nobody'])),
    gid: Number(await runProgram('id', ['-g', 'nobody'])),
  };
}

/** A folder of the user's own: the wanted one or, where the way to it is closed to the user, one in /var/tmp. */
export function folderFor({ uid, gid }: User, wanted: string): string {
  const folder = uid === undefined || isOpen(dirname(wanted)) ? wanted : aside(wanted);
  mkdirSync(folder, { recursive: true });
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/**
 * A folder that the user can read: the one given or, where the way to it is closed to the user, a copy in /var/tmp.
 *
 * @param version names the copy, which is kept
 */
export function readableFor({ uid }: User, folder: string, version: string): string {
  if (uid === undefined || isOpen(folder)) return folder;
  const copy = join('/var/tmp', `order-placement-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    renameSync(unfinished, copy);
  }
  if (statSync(copy).uid !== process.getuid?.()) {
    throw new SetupError(`${copy} was put there by another user, and is not run: remove it.`);
  }
  return copy;
}

const aside = (folder: string): string =>
  join('/var/tmp', `order-placement-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`);

/** Whether everybody may enter a folder and those above it, as far as they exist. */
function isOpen(folder: string): boolean {
  const enterable = !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  return enterable && (folder === dirname(folder) || isOpen(dirname(folder)));
}
