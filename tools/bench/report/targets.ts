import { burstOver, CONNECTIONS, pacedAt } from '../load/scenarios';
import type { ContestantName } from '../candidates/candidates';
import { figureOf, isClean, type Figure, type Result } from '../measurement/results';

/** What the shop is to reach, as a ratio of what others reached in the same run. */
export interface Verdict {
  target: string;
  /** Of the medians; larger is better. Null where there is none to go by. */
  ratio: number | null;
  wanted: number;
  /** `short` also where ours was not clean; `invalid` where the other's was not, and nothing can be measured by it. */
  word: 'holds' | 'short' | 'invalid' | 'not run';
}

/** One side of a ratio. */
interface Side {
  /** Null where it was not run. */
  median: number | null;
  /** In every repetition. */
  clean: boolean;
}

const PEERS: ContestantName[] = ['dbos', 'restate'];

const accepted: Figure = ({ acceptedPerSecond }) => acceptedPerSecond;
const settled: Figure = ({ settledPerSecond }) => settledPerSecond;
const lasts: Figure = ({ seconds }) => seconds;
const postP99: Figure = (result) => result.postP99;

/** Each target with what became of it. */
export function verdictsOf(results: Result[]): Verdict[] {
  const side = (contestant: ContestantName, caseName: string, figure: Figure): Side => ({
    median: figureOf(results, contestant, caseName, figure)?.median ?? null,
    clean: results.filter((one) => one.contestant === contestant && one.case === caseName).every(isClean),
  });
  const best = (caseName: string, figure: Figure, choose: (...values: number[]) => number): Side => {
    const sides = PEERS.map((peer) => side(peer, caseName, figure));
    const medians = sides.flatMap(({ median }) => median ?? []);
    return {
      median: medians.length === PEERS.length ? choose(...medians) : null,
      clean: sides.every(({ clean }) => clean),
    };
  };

  const burst = burstOver(16);
  const paced = pacedAt(50);
  const ours = (figure: Figure, caseName = burst): Side => side('ours', caseName, figure);
  return [
    moreThan("settled/s to Temporal's floor", 0.75, ours(settled), side('floor', burst, settled)),
    moreThan("settled/s to the newcomer's saga", 3, ours(settled), side('newcomer', burst, settled)),
    moreThan('a burst, accepted/s to the best durable peer', 1.5, ours(accepted), best(burst, accepted, Math.max)),
    moreThan('a burst, accepted/s to plain Express', 0.6, ours(accepted), side('express', burst, accepted)),
    lessThan(
      "a burst, the best durable peer's time until it is settled to ours",
      1,
      ours(lasts),
      best(burst, lasts, Math.min),
    ),
    lessThan(
      "paced at 50/s, the best durable peer's POST p99 to ours",
      1,
      ours(postP99, paced),
      best(paced, postP99, Math.min),
    ),
    ...PEERS.flatMap((peer) =>
      CONNECTIONS.map((connections) => {
        const name = burstOver(connections);
        const title = peer === 'dbos' ? 'DBOS' : 'Restate';
        return moreThan(`settled/s to ${title}, ${name}`, 1, ours(settled, name), side(peer, name, settled));
      }),
    ),
  ];
}

type Judge = (target: string, wanted: number, ours: Side, theirs: Side) => Verdict;

const judgedBy =
  (ratioOf: (ours: number, theirs: number) => number): Judge =>
  (target, wanted, ours, theirs) => {
    if (ours.median === null || theirs.median === null) return { target, wanted, ratio: null, word: 'not run' };
    if (!ours.clean) return { target, wanted, ratio: null, word: 'short' };
    if (!theirs.clean) return { target, wanted, ratio: null, word: 'invalid' };
    const ratio = ratioOf(ours.median, theirs.median);
    return { target, wanted, ratio, word: ratio >= wanted ? 'holds' : 'short' };
  };

const moreThan = judgedBy((ours, theirs) => ours / theirs);
const lessThan = judgedBy((ours, theirs) => theirs / ours);
