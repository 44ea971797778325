import { candidates, type Candidate, type Component } from '../candidates/candidates';
import { burstName, CONNECTIONS, pacedName, RATES } from '../load/scenarios';
import { isUndisturbed, problemsOf, summaryOf, sumOf, type Metric, type Result } from '../measurement/results';
import type { Summary } from '../measurement/statistics';
import { verdictsOf } from './targets';

const COMPONENTS: Component[] = ['orders', 'payments', 'engine', 'PostgreSQL', 'RabbitMQ'];

/**
 * Formats the results as Markdown tables: the median of the repetitions, and the minimum and maximum in brackets.
 *
 * @param failures a text for each failed attempt to run a candidate
 */
export function reportOf(results: Result[], failures: string[]): string {
  const reported = candidates.filter(({ name }) => results.some(({ candidate }) => candidate === name));
  const table = (columns: string[], cellsOf: (candidate: Candidate) => string[]): string =>
    markdownTable(
      ['', ...columns],
      reported.map((candidate) => [candidate.title, ...cellsOf(candidate)]),
    );
  const summary = ({ name }: Candidate, scenario: string, metric: Metric): string =>
    formatSummary(summaryOf(results, name, scenario, metric));
  const median = ({ name }: Candidate, scenario: string, metric: Metric): string =>
    formatNumber(summaryOf(results, name, scenario, metric)?.median);

  const latencies = (p50: Metric, p99: Metric): string =>
    table(
      RATES.flatMap((rate) => [`p50, ${rate}/s`, `p99, ${rate}/s`]),
      (candidate) =>
        RATES.map(pacedName).flatMap((name) => [summary(candidate, name, p50), summary(candidate, name, p99)]),
    );

  const burst = burstName(16);
  return [
    '### Bursts over 1, 16 and 64 connections: orders accepted and settled per second',
    table(
      CONNECTIONS.flatMap((connections) => [`accepted, ${connections}`, `settled, ${connections}`]),
      (candidate) =>
        CONNECTIONS.map(burstName).flatMap((name) => [
          summary(candidate, name, (result) => result.acceptedPerSecond),
          summary(candidate, name, (result) => result.settledPerSecond),
        ]),
    ),
    '### Paced at 20, 50 and 100 orders/s: ms from the POST to its response',
    latencies(
      (result) => result.postP50,
      (result) => result.postP99,
    ),
    '### Paced at 20, 50 and 100 orders/s: ms from the POST to the settled order',
    latencies(
      (result) => result.settledP50,
      (result) => result.settledP99,
    ),
    ...[burst, pacedName(50)].flatMap((name) => [
      `### CPU ms per order, by process: ${name}`,
      table([...COMPONENTS, 'all'], (candidate) => [
        ...COMPONENTS.map((component) =>
          median(candidate, name, ({ cpuMsPerOrder }) => cpuMsPerOrder[component] ?? Number.NaN),
        ),
        summary(candidate, name, ({ cpuMsPerOrder }) => sumOf(cpuMsPerOrder)),
      ]),
    ]),
    `### Maximum memory in MB, by process: ${burst}`,
    table([...COMPONENTS, 'all'], (candidate) => [
      ...COMPONENTS.map((component) => median(candidate, burst, ({ memoryMb }) => memoryMb[component] ?? Number.NaN)),
      summary(candidate, burst, ({ memoryMb }) => sumOf(memoryMb)),
    ]),
    '### Targets',
    markdownTable(
      ['ratio', 'required', 'measured', ''],
      verdictsOf(results).map(({ target, required, ratio, verdict }) => [
        target,
        `${required}`,
        ratio === null ? '–' : ratio.toFixed(2),
        verdict,
      ]),
    ),
    validityOf(results, failures),
  ].join('\n\n');
}

/** Describes whether the figures can be trusted: invalid results, failed attempts, and other work on the machine. */
function validityOf(results: Result[], failures: string[]): string {
  const problems = results.flatMap((result) => problemsOf(result).map((problem) => `${nameOf(result)}: ${problem}`));
  const orders = results.reduce((sum, result) => sum + result.orders, 0);
  const byBackgroundLoad = results.toSorted((a, b) => a.backgroundLoad - b.backgroundLoad);
  const [median, worst] = [byBackgroundLoad[Math.floor(results.length / 2)], byBackgroundLoad.at(-1)];
  const disturbed = results.filter((result) => !isUndisturbed(result)).length;
  return [
    problems.length === 0
      ? `After each scenario orders, payments and stock were consistent: ${orders} orders, none lost, none duplicated.`
      : `Invalid results:\n\n${problems.map((line) => `- ${line}`).join('\n')}`,
    ...(failures.length === 0
      ? []
      : [`Failed attempts, each repeated at most once:\n\n${failures.map((line) => `- ${line}`).join('\n')}`]),
    ...(median && worst
      ? [
          `Other work used ${percent(median.backgroundLoad)} of the machine's CPU time in the median scenario, and at most ` +
            `${percent(worst.backgroundLoad)} (${nameOf(worst)}). ` +
            (disturbed === 0
              ? 'It exceeded 20 % in no scenario.'
              : `It exceeded 20 % in ${disturbed} of ${results.length} scenarios, although they were repeated.`),
        ]
      : []),
  ].join('\n\n');
}

const nameOf = ({ candidate, repetition, scenario }: Result): string =>
  `${candidate}, ${scenario}, repetition ${repetition}`;

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** Formats a number with three significant digits, or as an integer from 100 on. */
const formatNumber = (value: number | undefined): string => {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

const formatSummary = (summary: Summary | null): string => {
  if (summary === null) return '–';
  const { median, min, max } = summary;
  return min === max ? formatNumber(median) : `${formatNumber(median)} [${formatNumber(min)}–${formatNumber(max)}]`;
};

/** Formats a table with the padding that Prettier requires. */
export function markdownTable(columns: string[], rows: string[][]): string {
  const widths = columns.map((name, column) =>
    Math.max(3, ...[name, ...rows.map((row) => row[column]!)].map((cell) => cell.length)),
  );
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
