import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { isValid, type Result } from '../measurement/results';
import type { Settings } from '../settings';
import { plotOf } from './plot';

const DOCUMENT = resolve('docs', 'performance.md');

/**
 * Returns the reasons why a run is not published; none for a complete, valid run of full size.
 *
 * @param complete whether every candidate finished every repetition
 */
export function publicationBlockers(
  settings: Pick<Settings, 'BENCH_ONLY' | 'BENCH_REPS' | 'BENCH_ORDERS' | 'BENCH_SECONDS'>,
  results: Parameters<typeof isValid>[0][],
  complete: boolean,
): string[] {
  const { BENCH_ONLY, BENCH_REPS, BENCH_ORDERS, BENCH_SECONDS } = settings;
  const invalid = results.filter((result) => !isValid(result)).length;
  return [
    ...(complete ? [] : ['a candidate failed twice']),
    ...(invalid === 0 ? [] : [`${invalid} of ${results.length} results are invalid`]),
    ...(BENCH_ONLY.length === 0 ? [] : ['BENCH_ONLY excludes candidates']),
    ...(BENCH_REPS >= 3 ? [] : ['BENCH_REPS is below 3']),
    ...(BENCH_ORDERS >= 1_000 ? [] : ['BENCH_ORDERS is below 1000']),
    ...(BENCH_SECONDS >= 8 ? [] : ['BENCH_SECONDS is below 8']),
  ];
}

/** Writes the report and the plot of `make bench` into the documentation. */
export function publish(report: string, results: Result[]): void {
  writeFileSync(resolve('docs', 'performance.svg'), plotOf(results));
  replaceSection('bench', `Measured ${today()} on ${machine()}.\n\n![A burst of orders](performance.svg)\n\n${report}`);
}

/** Replaces the text between the markers of a section in docs/performance.md. @throws {Error} if there are no markers */
export function replaceSection(name: string, text: string): void {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const document = readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no section ${name}: it needs ${begin} and ${end}.`);
  writeFileSync(DOCUMENT, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}

const today = (): string => new Date().toISOString().slice(0, 10);

const machine = (): string =>
  `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
  `Node ${process.versions.node}`;
