import { CONNECTIONS, RATES, burstOver, pacedAt } from '../load/scenarios';
import { contestants, type Contestant, type Part } from '../candidates/candidates';
import { figureOf, flawsOf, isQuiet, total, type Figure, type Result } from '../measurement/results';
import type { Spread } from '../measurement/statistics';
import { verdictsOf } from './targets';

const PARTS: Part[] = ['orders', 'payments', 'engine', 'PostgreSQL', 'RabbitMQ'];

/**
 * The tables of a run, in Markdown: medians, and the least and the most of the repetitions in brackets.
 *
 * @param brokeOff turns that had to be taken again, a line each
 */
export function reportOf(results: Result[], brokeOff: string[]): string {
  const took = contestants.filter(({ name }) => results.some(({ contestant }) => contestant === name));
  const table = (heads: string[], rowOf: (contestant: Contestant) => string[]): string =>
    markdownTable(
      ['', ...heads],
      took.map((contestant) => [contestant.title, ...rowOf(contestant)]),
    );
  const figure = ({ name }: Contestant, caseName: string, of: Figure): string =>
    spread(figureOf(results, name, caseName, of));
  const medians = ({ name }: Contestant, caseName: string, ...of: Figure[]): string =>
    of.map((one) => number(figureOf(results, name, caseName, one)?.median)).join(' / ');

  const paced = (p50: Figure, p99: Figure): string =>
    table(
      RATES.flatMap((rate) => [`p50, ${rate}/s`, `p99, ${rate}/s`]),
      (contestant) =>
        RATES.map(pacedAt).flatMap((name) => [figure(contestant, name, p50), figure(contestant, name, p99)]),
    );

  const burst = burstOver(16);
  return [
    '### A burst of orders over 1, 16 and 64 connections, accepted and settled a second',
    table(
      CONNECTIONS.flatMap((connections) => [`accepted, ${connections}`, `settled, ${connections}`]),
      (contestant) =>
        CONNECTIONS.map(burstOver).flatMap((name) => [
          figure(contestant, name, (result) => result.acceptedPerSecond),
          figure(contestant, name, (result) => result.settledPerSecond),
        ]),
    ),
    '### Paced at 20, 50 and 100 a second, milliseconds from the POST to its answer',
    paced(
      (result) => result.postP50,
      (result) => result.postP99,
    ),
    '### Paced at 20, 50 and 100 a second, milliseconds from the POST to the order settled',
    paced(
      (result) => result.settledP50,
      (result) => result.settledP99,
    ),
    ...[burst, pacedAt(50)].flatMap((name) => [
      `### CPU milliseconds an order, by process, ${name}`,
      table([...PARTS, 'all'], (contestant) => [
        ...PARTS.map((part) => medians(contestant, name, ({ cpuMsPerOrder }) => cpuMsPerOrder[part] ?? Number.NaN)),
        figure(contestant, name, ({ cpuMsPerOrder }) => total(cpuMsPerOrder)),
      ]),
    ]),
    `### Memory in MB at its largest, by process, ${burst}`,
    table([...PARTS, 'all'], (contestant) => [
      ...PARTS.map((part) => medians(contestant, burst, ({ memoryMb }) => memoryMb[part] ?? Number.NaN)),
      figure(contestant, burst, ({ memoryMb }) => total(memoryMb)),
    ]),
    '### What was to be reached',
    markdownTable(
      ['ratio', 'wanted', 'measured', ''],
      verdictsOf(results).map((verdict) => [
        verdict.target,
        `${verdict.wanted}`,
        verdict.ratio === null ? '–' : verdict.ratio.toFixed(2),
        verdict.word,
      ]),
    ),
    conditionOf(results, brokeOff),
  ].join('\n\n');
}

/** What must be known of a run before its figures are believed. */
function conditionOf(results: Result[], brokeOff: string[]): string {
  const flaws = results.flatMap((result) => flawsOf(result).map((flaw) => `${nameOf(result)}: ${flaw}`));
  const orders = results.reduce((sum, result) => sum + result.orders, 0);
  const byForeign = results.toSorted((a, b) => a.foreign - b.foreign);
  const [median, worst] = [byForeign[Math.floor(results.length / 2)], byForeign.at(-1)];
  const disturbed = results.filter((result) => !isQuiet(result)).length;
  return [
    flaws.length === 0
      ? `After each case stock, payments and orders were as they should be: ${orders} orders, none lost, none doubled.`
      : `Not as it should be:\n\n${flaws.map((line) => `- ${line}`).join('\n')}`,
    ...(brokeOff.length === 0
      ? []
      : [`Broke off, and began anew once:\n\n${brokeOff.map((line) => `- ${line}`).join('\n')}`]),
    ...(median && worst
      ? [
          `Other work took ${percent(median.foreign)} of the machine in the median case, and ${percent(worst.foreign)} at ` +
            `worst: ${nameOf(worst)}. ` +
            (disturbed === 0
              ? 'No case was disturbed by more than a fifth of it.'
              : `In ${disturbed} of ${results.length} cases it took more than a fifth, also when they were repeated.`),
        ]
      : []),
  ].join('\n\n');
}

const nameOf = ({ contestant, rep, case: name }: Result): string => `${contestant}, ${name}, repetition ${rep}`;

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

const number = (value: number | undefined): string => {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

const spread = (values: Spread | null): string => {
  if (values === null) return '–';
  const { median, min, max } = values;
  return min === max ? number(median) : `${number(median)} [${number(min)}–${number(max)}]`;
};

/** Padded as prettier pads it, so that a document with it passes its check. */
export function markdownTable(heads: string[], rows: string[][]): string {
  const widths = heads.map((head, column) =>
    Math.max(3, ...[head, ...rows.map((row) => row[column]!)].map((cell) => cell.length)),
  );
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
