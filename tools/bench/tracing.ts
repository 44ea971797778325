import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import type { Starter } from '@shop/dev/servers';
import { freePort } from '@shop/dev/ports';
import { startOurs } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import { measure, type Measurement } from './measurement/measure';
import { isUndisturbed } from './measurement/results';
import { summarize } from './measurement/statistics';
import { replaceSection } from './report/publish';
import { markdownTable } from './report/report';
import { readSettings } from './settings';

// Implements `make bench-tracing`: compares the CPU time per order with tracing off, for a hundredth of the traces and for
// all of them. With BASELINE, the folder of another build of this repository, it runs that build as well.
const settings = readOrExit(readSettings);
const FULL_SIZE_REPETITIONS = 3; // a run on a quiet machine is published from this number on
const REPOSITORY = resolve('.');

interface Mode {
  title: string;
  /** Sampled share of the traces; null if tracing is off. */
  share: number | null;
  /** The folder of the build that runs. */
  folder: string;
}

const modes: Mode[] = [
  ...(settings.BASELINE === undefined
    ? []
    : [{ title: 'another build, without tracing', share: null, folder: resolve(settings.BASELINE) }]),
  { title: 'off', share: null, folder: REPOSITORY },
  { title: 'on, 1 % of the traces', share: 0.01, folder: REPOSITORY },
  { title: 'on, all traces', share: 1, folder: REPOSITORY },
];

/** Starts a server that takes spans and discards them. @returns its URL */
async function startCollector(): Promise<string> {
  const port = await freePort();
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return `http://127.0.0.1:${port}`;
}

/** The services inherit these variables. */
function applySettings({ share }: Mode, collector: string): void {
  if (share === null) {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    return;
  }
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector;
  process.env['OTEL_TRACES_SAMPLER'] = 'parentbased_traceidratio';
  process.env['OTEL_TRACES_SAMPLER_ARG'] = String(share);
}

/** Starts the programs of another folder. */
const inFolder = (folder: string, servers: Starter): Starter => ({
  start: ({ args, ...program }) =>
    servers.start({ ...program, args: args.map((arg) => arg.replace(REPOSITORY, () => folder)) }),
});

async function measureMode(environment: BenchEnvironment, mode: Mode, collector: string): Promise<Measurement> {
  applySettings(mode, collector);
  const servers = inFolder(mode.folder, environment.candidateServers);
  const shop = await startOurs(environment, undefined, undefined, servers);
  try {
    const load = { kind: 'burst', orders: settings.BENCH_ORDERS, connections: 16 } as const;
    await measure(environment, shop, load); // warms up
    return (await measure(environment, shop, load)).measurement;
  } finally {
    await shop.inspector.close();
    await environment.endCandidate();
  }
}

async function compareModes(environment: BenchEnvironment): Promise<boolean> {
  const collector = await startCollector();
  const results = new Map<Mode, Measurement[]>(modes.map((mode) => [mode, []]));
  for (let repetition = 1; repetition <= settings.BENCH_REPS; repetition++) {
    // In turn, so that whatever slows the machine down for minutes affects all modes.
    for (const [at, mode] of modes.entries()) {
      environment.beginCandidate(`${repetition}-${at}`);
      const measurement = await measureMode(environment, mode, collector);
      results.get(mode)!.push(measurement);
      printProgress(
        `${repetition} ${mode.title}: ${cpuOf(measurement).toFixed(2)} ms of CPU per order in both services`,
      );
    }
  }
  const report = reportOf(results);
  process.stdout.write(`${report}\n`);
  const measurements = [...results.values()].flat();
  const isQuiet = measurements.every(isUndisturbed);
  if (!isQuiet)
    printProgress('Other work used more than 20 % of the machine, so the table is not written to the documentation.');
  if (isQuiet && settings.BENCH_REPS >= FULL_SIZE_REPETITIONS) replaceSection('tracing', report);
  return measurements.every(({ unsettled, invalidResponses }) => unsettled + invalidResponses === 0);
}

const cpuOf = ({ cpuMsPerOrder: { orders = 0, payments = 0 } }: Measurement): number => orders + payments;

function reportOf(results: Map<Mode, Measurement[]>): string {
  const columns = ['tracing', 'orders', 'payments', 'both', 'engine', 'settled/s'];
  const rows = [...results].map(([{ title }, measurements]) => [
    title,
    format(measurements, ({ cpuMsPerOrder }) => cpuMsPerOrder.orders ?? Number.NaN),
    format(measurements, ({ cpuMsPerOrder }) => cpuMsPerOrder.payments ?? Number.NaN),
    format(measurements, cpuOf),
    format(measurements, ({ cpuMsPerOrder }) => cpuMsPerOrder.engine ?? Number.NaN),
    format(measurements, ({ settledPerSecond }) => settledPerSecond),
  ]);
  return [
    `CPU ms per order of order-management, of payment-processing, of both, and of Temporal's server: the median of ` +
      `${settings.BENCH_REPS} bursts of ${settings.BENCH_ORDERS} orders, and the minimum and maximum in brackets.`,
    markdownTable(columns, rows),
  ].join('\n\n');
}

function format(measurements: Measurement[], metric: (measurement: Measurement) => number): string {
  const { median, min, max } = summarize(measurements.map(metric));
  return `${median.toFixed(1)} [${min.toFixed(1)}–${max.toFixed(1)}]`;
}

void runBenchmark(join(REPOSITORY, '.data', 'bench', 'tracing'), ['ours'], compareModes);
