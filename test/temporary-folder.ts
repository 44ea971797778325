import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Creates a folder that every user may enter: a root user's PostgreSQL runs as another user. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `order-placement-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}
