import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder that every user may enter: PostgreSQL, which does not run as root, may be to work in it. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `order-placement-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}
