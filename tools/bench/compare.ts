import { resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { candidates } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import { scenariosFor, type Scenario } from './load/scenarios';
import { isValid, type Result } from './measurement/results';
import { runCandidate } from './measurement/run-candidate';
import { orderForRepetition } from './measurement/schedule';
import { publish, publicationBlockers } from './report/publish';
import { reportOf } from './report/report';
import { openResultsFile } from './report/results-file';
import { readSettings } from './settings';

// Implements `make bench`: each repetition runs every candidate once, one at a time, through all scenarios. A change of
// the machine during the bench therefore affects all candidates equally.
const settings = readOrExit(readSettings);
const { BENCH_REPS: repetitions, BENCH_ONLY: only, BENCH_ORDERS: ordersPerBurst } = settings;
const selected = candidates.filter(({ name }) => only.length === 0 || only.includes(name));
const measured = scenariosFor(settings);
const warmUp: Scenario = {
  name: 'warm-up',
  load: { kind: 'burst', orders: Math.ceil(ordersPerBurst / 3), connections: 16 },
};
const folder = resolve('.data', 'bench', 'compare');

async function compare(environment: BenchEnvironment): Promise<boolean> {
  const save = openResultsFile(folder);
  const results: Result[] = [];
  const failures: string[] = [];
  let complete = true;
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const candidate of orderForRepetition(selected, repetition - 1)) {
      const run = await runCandidate(environment, candidate, repetition, { warmUp, measured });
      failures.push(...run.failures);
      complete &&= run.results !== null;
      results.push(...(run.results ?? []));
      save(run.results ?? []);
    }
  }
  const report = reportOf(results, failures);
  process.stdout.write(`${report}\n`);
  const blockers = publicationBlockers(settings, results, complete);
  if (blockers.length === 0) publish(report, results);
  else printProgress(`docs/performance.md is not updated: ${blockers.join(', ')}.`);
  return complete && results.every(isValid);
}

void runBenchmark(
  folder,
  selected.map(({ name }) => name),
  compare,
);
