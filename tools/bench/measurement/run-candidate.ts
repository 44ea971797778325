import type { Candidate } from '../candidates/candidates';
import { printProgress, type BenchEnvironment } from '../environment/bench-environment';
import type { Scenario } from '../load/scenarios';
import { measure } from './measure';
import { isUndisturbed, isValid, problemsOf, sumOf, type Result } from './results';

/** The run of one candidate through all scenarios, in one repetition. */
export interface CandidateRun {
  /** Null if both attempts failed. */
  results: Result[] | null;
  /** A text for each failed attempt. */
  failures: string[];
}

/** Runs a candidate through all scenarios; repeats a failed attempt once, because a whole bench takes half an hour. */
export async function runCandidate(
  environment: BenchEnvironment,
  candidate: Candidate,
  repetition: number,
  scenarios: { warmUp: Scenario; measured: Scenario[] },
): Promise<CandidateRun> {
  const failures: string[] = [];
  for (const logs of [`${repetition}-${candidate.name}`, `${repetition}-${candidate.name}-again`]) {
    try {
      environment.beginCandidate(logs);
      return { results: await attempt(environment, candidate, repetition, scenarios), failures };
    } catch (error) {
      if (environment.stopping) throw error;
      const [line = ''] = String(error).split('\n');
      failures.push(`${candidate.name}, repetition ${repetition}: ${line}`);
      const folder = `${environment.folder}/logs/${logs}`;
      printProgress(`${repetition} ${candidate.name} failed; its logs are in ${folder}: ${String(error)}`);
    }
  }
  return { results: null, failures };
}

async function attempt(
  environment: BenchEnvironment,
  candidate: Candidate,
  repetition: number,
  { warmUp, measured }: { warmUp: Scenario; measured: Scenario[] },
): Promise<Result[]> {
  try {
    const running = await candidate.start(environment);
    let accepted = 0;
    const run = async ({ name, load }: Scenario): Promise<Result> => {
      const { measurement } = await measure(environment, running, load);
      accepted += measurement.orders;
      const violations = await running.inspector.findViolations(accepted);
      const result = { candidate: candidate.name, repetition, scenario: name, ...measurement, violations };
      printProgress(progressOf(result));
      return result;
    };
    // The backlog of an invalid warm-up would be processed during the measured scenarios.
    const [problem] = problemsOf(await run(warmUp));
    if (problem !== undefined) throw new Error(`The warm-up is invalid: ${problem}.`);
    const results: Result[] = [];
    for (const scenario of measured) results.push(await repeatIfDisturbed(() => run(scenario)));
    await running.inspector.close();
    return results;
  } finally {
    await environment.endCandidate();
  }
}

/** Repeats a scenario once if other work disturbed it. @returns the less disturbed result; an invalid one takes precedence */
async function repeatIfDisturbed(run: () => Promise<Result>): Promise<Result> {
  const first = await run();
  if (isUndisturbed(first) || !isValid(first)) return first;
  const second = await run();
  return isValid(second) && first.backgroundLoad < second.backgroundLoad ? first : second;
}

function progressOf(result: Result): string {
  return [
    `${result.repetition} ${result.candidate}, ${result.scenario}`.padEnd(28),
    `${result.acceptedPerSecond.toFixed(0).padStart(5)} accepted/s`,
    `${result.settledPerSecond.toFixed(0).padStart(4)} settled/s`,
    `POST p50/p99 ${result.postP50.toFixed(1)}/${result.postP99.toFixed(1)} ms`,
    `settled p50/p99 ${result.settledP50.toFixed(0)}/${result.settledP99.toFixed(0)} ms`,
    `CPU ${sumOf(result.cpuMsPerOrder).toFixed(1)} ms/order`,
    `other work ${(result.backgroundLoad * 100).toFixed(0)} %`,
    ...problemsOf(result).map((line) => `\n  ${line}`),
  ].join('  ');
}
