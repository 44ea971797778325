import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..');

const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] };

/** The documents of this repository, as paths from its root. */
export const DOCUMENTS: string[] = ['.', 'docs', 'docs/decisions', ...workspaces].flatMap((parent) =>
  readdirSync(join(ROOT, parent))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(parent, name)),
);
