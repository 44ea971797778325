import type { Case } from '../load/scenarios';
import type { Contestant } from '../candidates/candidates';
import { measure } from './measure';
import { flawsOf, isClean, isQuiet, total, type Result } from './results';
import { say, type Stage } from '../environment/bench-environment';

/** All cases of a contestant in one repetition. */
export interface Turn {
  /** Null where it broke off twice. */
  results: Result[] | null;
  /** How it broke off, a line each time. */
  brokeOff: string[];
}

/** Has a contestant take its turn; anew where it breaks off, once: one hiccup is not to cost a run of half an hour. */
export async function takeTurn(
  stage: Stage,
  contestant: Contestant,
  rep: number,
  { warmUp, cases }: { warmUp: Case; cases: Case[] },
): Promise<Turn> {
  const brokeOff: string[] = [];
  for (const logs of [`${rep}-${contestant.name}`, `${rep}-${contestant.name}-again`]) {
    try {
      stage.enter(logs);
      return { results: await perform(stage, contestant, rep, warmUp, cases), brokeOff };
    } catch (error) {
      if (stage.struck) throw error;
      const [line = ''] = String(error).split('\n');
      brokeOff.push(`${contestant.name}, repetition ${rep}: ${line}`);
      say(`${rep} ${contestant.name} broke off, its logs are in ${stage.folder}/logs/${logs}: ${String(error)}`);
    }
  }
  return { results: null, brokeOff };
}

async function perform(
  stage: Stage,
  contestant: Contestant,
  rep: number,
  warmUp: Case,
  cases: Case[],
): Promise<Result[]> {
  try {
    const running = await contestant.start(stage);
    let accepted = 0;
    const go = async ({ name, load }: Case): Promise<Result> => {
      const { measurement } = await measure(stage, running, load);
      accepted += measurement.orders;
      const violations = await running.book.violations(accepted);
      const result = { contestant: contestant.name, rep, case: name, ...measurement, violations };
      say(lineOf(result));
      return result;
    };
    const [flaw] = flawsOf(await go(warmUp)); // what it left undone would be done in the cases that count
    if (flaw !== undefined) throw new Error(`Its warm-up was not as it should be: ${flaw}.`);
    const results: Result[] = [];
    for (const one of cases) results.push(await quietly(() => go(one)));
    await running.book.close();
    return results;
  } finally {
    await stage.clear();
  }
}

/** Repeats a case at once, and once only, where other work disturbed it; the quieter one counts, but no flaw goes. */
async function quietly(go: () => Promise<Result>): Promise<Result> {
  const first = await go();
  if (isQuiet(first) || !isClean(first)) return first;
  const second = await go();
  return isClean(second) && first.foreign < second.foreign ? first : second;
}

function lineOf(result: Result): string {
  return [
    `${result.rep} ${result.contestant}, ${result.case}`.padEnd(28),
    `${result.acceptedPerSecond.toFixed(0).padStart(5)} accepted/s`,
    `${result.settledPerSecond.toFixed(0).padStart(4)} settled/s`,
    `POST ${result.postP50.toFixed(1)}/${result.postP99.toFixed(1)} ms`,
    `settled ${result.settledP50.toFixed(0)}/${result.settledP99.toFixed(0)} ms`,
    `CPU ${total(result.cpuMsPerOrder).toFixed(1)} ms`,
    `others ${(result.foreign * 100).toFixed(0)} %`,
    ...flawsOf(result).map((line) => `\n  ${line}`),
  ].join('  ');
}
