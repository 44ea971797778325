import type { CandidateName } from '../candidates/candidates';
import { burstName, CONNECTIONS, pacedName } from '../load/scenarios';
import { isValid, summaryOf, type Metric, type Result } from '../measurement/results';

/** Whether this shop reached a ratio to another candidate in the same run. */
export interface Verdict {
  target: string;
  /** The ratio of the medians; larger is better. Null if it could not be computed. */
  ratio: number | null;
  required: number;
  /** `missed` also if this shop's results are invalid; `invalid` if the other candidate's results are. */
  verdict: 'met' | 'missed' | 'invalid' | 'not run';
}

/** One side of a ratio. */
interface Side {
  /** Null if the scenario was not run. */
  median: number | null;
  /** Whether every repetition is valid. */
  valid: boolean;
}

const DURABLE_PEERS: { name: CandidateName; title: string }[] = [
  { name: 'dbos', title: 'DBOS' },
  { name: 'restate', title: 'Restate' },
];

const accepted: Metric = ({ acceptedPerSecond }) => acceptedPerSecond;
const settled: Metric = ({ settledPerSecond }) => settledPerSecond;
const duration: Metric = ({ seconds }) => seconds;
const postP99: Metric = (result) => result.postP99;

/** Compares the results with all targets. */
export function verdictsOf(results: Result[]): Verdict[] {
  const side = (candidate: CandidateName, scenario: string, metric: Metric): Side => ({
    median: summaryOf(results, candidate, scenario, metric)?.median ?? null,
    valid: results.filter((result) => result.candidate === candidate && result.scenario === scenario).every(isValid),
  });
  const best = (scenario: string, metric: Metric, choose: (...values: number[]) => number): Side => {
    const sides = DURABLE_PEERS.map(({ name }) => side(name, scenario, metric));
    const medians = sides.flatMap(({ median }) => median ?? []);
    return {
      median: medians.length === DURABLE_PEERS.length ? choose(...medians) : null,
      valid: sides.every(({ valid }) => valid),
    };
  };

  const burst = burstName(16);
  const paced = pacedName(50);
  const ours = (metric: Metric, scenario = burst): Side => side('ours', scenario, metric);
  return [
    higherIsBetter("settled/s: this shop to Temporal's floor", 0.75, ours(settled), side('floor', burst, settled)),
    higherIsBetter("settled/s: this shop to a newcomer's saga", 3, ours(settled), side('newcomer', burst, settled)),
    higherIsBetter(
      'accepted/s in a burst: this shop to the best durable peer',
      1.5,
      ours(accepted),
      best(burst, accepted, Math.max),
    ),
    higherIsBetter(
      'accepted/s in a burst: this shop to plain Express',
      0.6,
      ours(accepted),
      side('express', burst, accepted),
    ),
    lowerIsBetter(
      'time until a burst is settled: the best durable peer to this shop',
      1,
      ours(duration),
      best(burst, duration, Math.min),
    ),
    lowerIsBetter(
      'POST p99 at 50 orders/s: the best durable peer to this shop',
      1,
      ours(postP99, paced),
      best(paced, postP99, Math.min),
    ),
    ...DURABLE_PEERS.flatMap(({ name, title }) =>
      CONNECTIONS.map((connections) => {
        const scenario = burstName(connections);
        return higherIsBetter(
          `settled/s, ${scenario}: this shop to ${title}`,
          1,
          ours(settled, scenario),
          side(name, scenario, settled),
        );
      }),
    ),
  ];
}

type Comparison = (target: string, required: number, ours: Side, theirs: Side) => Verdict;

const comparison =
  (ratioOf: (ours: number, theirs: number) => number): Comparison =>
  (target, required, ours, theirs) => {
    const withoutRatio = { target, required, ratio: null };
    if (ours.median === null || theirs.median === null) return { ...withoutRatio, verdict: 'not run' };
    if (!ours.valid) return { ...withoutRatio, verdict: 'missed' };
    if (!theirs.valid) return { ...withoutRatio, verdict: 'invalid' };
    const ratio = ratioOf(ours.median, theirs.median);
    return { target, required, ratio, verdict: ratio >= required ? 'met' : 'missed' };
  };

const higherIsBetter = comparison((ours, theirs) => ours / theirs);
const lowerIsBetter = comparison((ours, theirs) => theirs / ours);
