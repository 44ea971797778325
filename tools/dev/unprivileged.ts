import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram } from './programs';
import { SetupError } from './setup-error';

/** The user for a server that refuses to run as root; empty if this process is not root. */
export interface User {
  uid?: number;
  gid?: number;
}

/** Returns `nobody` if this process is root. */
export async function unprivilegedUser(): Promise<User> {
  if (process.getuid?.() !== 0) return {};
  return {
    uid: Number(await runProgram('id', ['-u', 'nobody'])),
    gid: Number(await runProgram('id', ['-g', 'nobody'])),
  };
}

/** Creates a folder that the user owns and nobody else can read: the requested one or, if the user cannot reach it, one in /var/tmp. */
export function folderFor({ uid, gid }: User, requested: string): string {
  const folder = uid === undefined || isOpen(dirname(requested)) ? requested : substituteFor(requested);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** Writes a file that the user owns and nobody else can read. */
export function writeFileFor({ uid, gid }: User, file: string, content: string | Buffer): void {
  writeFileSync(file, content, { mode: 0o600 });
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
}

/**
 * Returns a folder that the user can read: the given one or, if the user cannot reach it, a copy in /var/tmp.
 *
 * @param version identifies the copy, which is kept
 */
export function readableFor({ uid }: User, folder: string, version: string): string {
  if (uid === undefined || isOpen(folder)) return folder;
  const copy = join('/var/tmp', `order-placement-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    const restored = process.umask(0o022); // the user must be able to read the copy
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    process.umask(restored);
    renameSync(unfinished, copy);
  }
  if (statSync(copy).uid !== process.getuid?.()) {
    throw new SetupError(`${copy} belongs to another user, so its programs are not run. Remove it.`);
  }
  return copy;
}

const substituteFor = (folder: string): string =>
  join('/var/tmp', `order-placement-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`);

/** Returns whether every user may enter a folder and the folders above it, as far as they exist. */
function isOpen(folder: string): boolean {
  const enterable = !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  return enterable && (folder === dirname(folder) || isOpen(dirname(folder)));
}
