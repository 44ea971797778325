import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../measurement/results';

/**
 * Opens the file `results.jsonl`, with one line per result. A file of an earlier run is renamed: the time of its last
 * change is added to its name.
 *
 * @returns a function that appends results
 */
export function openResultsFile(folder: string): (results: Result[]) => void {
  const file = join(folder, 'results.jsonl');
  if (existsSync(file)) {
    const changedAt = statSync(file).mtime.toISOString().replaceAll(':', '-');
    renameSync(file, join(folder, `results-${changedAt}.jsonl`));
  }
  return (results) => appendFileSync(file, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
}
