import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { plotOf } from './plot';
import { isClean, type Result } from '../measurement/results';
import type { Settings } from '../settings';

const DOCUMENT = resolve('docs', 'performance.md');

/**
 * Why a run is not to be shown to readers; nothing where it is.
 *
 * @param complete whether no turn is missing
 */
export function reasonsNotToPublish(
  settings: Pick<Settings, 'BENCH_ONLY' | 'BENCH_REPS' | 'BENCH_ORDERS' | 'BENCH_SECONDS'>,
  results: Parameters<typeof isClean>[0][],
  complete: boolean,
): string[] {
  const { BENCH_ONLY, BENCH_REPS, BENCH_ORDERS, BENCH_SECONDS } = settings;
  const flawed = results.filter((result) => !isClean(result)).length;
  return [
    ...(complete ? [] : ['a contestant broke off twice']),
    ...(flawed === 0 ? [] : [`${flawed} of ${results.length} cases were flawed`]),
    ...(BENCH_ONLY.length === 0 ? [] : ['not all took part']),
    ...(BENCH_REPS >= 3 ? [] : ['BENCH_REPS is below 3']),
    ...(BENCH_ORDERS >= 1_000 ? [] : ['BENCH_ORDERS is below 1000']),
    ...(BENCH_SECONDS >= 8 ? [] : ['BENCH_SECONDS is below 8']),
  ];
}

/** Puts the tables of a full run, and its plot, where readers find them. */
export function publish(report: string, results: Result[]): void {
  writeFileSync(resolve('docs', 'performance.svg'), plotOf(results));
  publishPart('bench', `Measured ${today()} on ${machine()}.\n\n![A burst of orders](performance.svg)\n\n${report}`);
}

/** Replaces what stands between the markers of that name. @throws where the document has none */
export function publishPart(name: string, text: string): void {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const document = readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no place for ${name}: it needs ${begin} and ${end}.`);
  writeFileSync(DOCUMENT, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}

const today = (): string => new Date().toISOString().slice(0, 10);

const machine = (): string =>
  `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
  `Node ${process.versions.node}`;
