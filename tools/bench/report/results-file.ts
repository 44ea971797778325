import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../measurement/results';

/**
 * Has a folder keep the results of a run, a line a case; those of the run before are put aside under the time of their
 * last line.
 *
 * @returns adds some
 */
export function keepResultsIn(folder: string): (results: Result[]) => void {
  const file = join(folder, 'results.jsonl');
  if (existsSync(file)) {
    const writtenAt = statSync(file).mtime.toISOString().replaceAll(':', '-');
    renameSync(file, join(folder, `results-${writtenAt}.jsonl`));
  }
  return (results) => appendFileSync(file, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
}
