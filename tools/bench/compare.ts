import { resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { casesOf, type Case } from './load/scenarios';
import { contestants } from './candidates/candidates';
import { onStage } from './environment/run-benchmark';
import { orderOfTurns } from './measurement/schedule';
import { publish, reasonsNotToPublish } from './report/publish';
import { reportOf } from './report/report';
import { isClean, type Result } from './measurement/results';
import { keepResultsIn } from './report/results-file';
import { readSettings } from './settings';
import { say, type Stage } from './environment/bench-environment';
import { takeTurn } from './measurement/run-candidate';

/**
 * What `make bench` does: every contestant goes through every case, one contestant at a time and all of them once a
 * repetition, so that what changes on the machine meanwhile hits them alike.
 */
const settings = readOrExit(readSettings);
const { BENCH_REPS: reps, BENCH_ONLY: only, BENCH_ORDERS: ordersOfBurst } = settings;
const taking = contestants.filter(({ name }) => only.length === 0 || only.includes(name));
const cases = casesOf(settings);
const warmUp: Case = {
  name: 'warm-up',
  load: { kind: 'burst', orders: Math.ceil(ordersOfBurst / 3), connections: 16 },
};
const folder = resolve('.data', 'bench', 'compare');

async function compare(stage: Stage): Promise<boolean> {
  const keep = keepResultsIn(folder);
  const results: Result[] = [];
  const brokeOff: string[] = [];
  let complete = true;
  for (let rep = 1; rep <= reps; rep++) {
    for (const contestant of orderOfTurns(taking, rep - 1)) {
      const turn = await takeTurn(stage, contestant, rep, { warmUp, cases });
      brokeOff.push(...turn.brokeOff);
      complete &&= turn.results !== null;
      results.push(...(turn.results ?? []));
      keep(turn.results ?? []);
    }
  }
  const report = reportOf(results, brokeOff);
  process.stdout.write(`${report}\n`);
  const reasons = reasonsNotToPublish(settings, results, complete);
  if (reasons.length === 0) publish(report, results);
  else say(`docs/performance.md stays as it is: ${reasons.join(', ')}.`);
  return complete && results.every(isClean);
}

void onStage(
  folder,
  taking.map(({ name }) => name),
  compare,
);
