import { expect, test } from '@jest/globals';
import type { CandidateName } from '../candidates/candidates';
import { burstName, pacedName } from '../load/scenarios';
import type { Result } from '../measurement/results';
import { verdictsOf, type Verdict } from './targets';

const aResult = (candidate: CandidateName, scenario: string, figures: Partial<Result>): Result => ({
  candidate,
  repetition: 1,
  scenario,
  orders: 100,
  rejected: {},
  invalidResponses: 0,
  offeredPerSecond: 100,
  acceptedPerSecond: 100,
  settledPerSecond: 100,
  postP50: 1,
  postP99: 10,
  settledP50: 1,
  settledP99: 10,
  seconds: 1,
  cpuMsPerOrder: {},
  memoryMb: {},
  backgroundLoad: 0,
  unsettled: 0,
  violations: [],
  ...figures,
});
const settledResults = (candidate: CandidateName, values: number[]): Result[] =>
  values.map((settledPerSecond) => aResult(candidate, burstName(16), { settledPerSecond }));
const wordsOf = (verdicts: Verdict[]): string[] => verdicts.map(({ verdict }) => verdict);
const allCandidates: CandidateName[] = ['ours', 'floor', 'newcomer', 'dbos', 'restate', 'express'];
/** Returns the verdicts if each candidate has the same figures in all scenarios. */
const verdictsFor = (figuresOf: (candidate: CandidateName) => Partial<Result>): string[] => {
  const scenarios = [...[1, 16, 64].map(burstName), pacedName(50)];
  const results = allCandidates.flatMap((candidate) =>
    scenarios.map((scenario) => aResult(candidate, scenario, figuresOf(candidate))),
  );
  return wordsOf(verdictsOf(results));
};

test('every target is met if this shop is much better', () => {
  const better = { acceptedPerSecond: 400, settledPerSecond: 400, postP99: 2, seconds: 0.2 };
  expect(new Set(verdictsFor((candidate) => (candidate === 'ours' ? better : {})))).toEqual(new Set(['met']));
});

test('every target is missed if this shop is much worse', () => {
  const worse = { acceptedPerSecond: 20, settledPerSecond: 20, postP99: 50, seconds: 5 };
  expect(new Set(verdictsFor((candidate) => (candidate === 'ours' ? worse : {})))).toEqual(new Set(['missed']));
});

test('compares this shop with the best of the durable peers', () => {
  const words = verdictsFor((candidate) =>
    candidate === 'restate' ? { acceptedPerSecond: 400, postP99: 2, seconds: 0.2, settledPerSecond: 400 } : {},
  );
  expect(words.slice(2, 6)).toEqual(['missed', 'met', 'missed', 'missed']);
});

test('compares the medians of the repetitions', () => {
  const verdicts = verdictsOf([...settledResults('ours', [1, 80, 1_000]), ...settledResults('floor', [100, 100, 100])]);
  expect(verdicts[0]).toMatchObject({ ratio: 0.8, verdict: 'met' });
});

test('a target is not run, instead of met, if its candidates are missing', () => {
  expect(new Set(wordsOf(verdictsOf([])))).toEqual(new Set(['not run']));
});

const problems: [string, Partial<Result>][] = [
  ['unsettled orders', { unsettled: 1 }],
  ['inconsistent stock or payments', { violations: ['2 orders have 1 payments'] }],
  ['an invalid response to a POST', { invalidResponses: 1 }],
];

test.each(problems)('every target is missed if this shop has %s, however fast it is', (_, problem) => {
  const better = { acceptedPerSecond: 400, settledPerSecond: 400, postP99: 2, seconds: 0.2 };
  const words = verdictsFor((candidate) => (candidate === 'ours' ? { ...better, ...problem } : {}));
  expect(new Set(words)).toEqual(new Set(['missed']));
});

test.each(problems)('every target is invalid if the other candidate has %s', (_, problem) => {
  const words = verdictsFor((candidate) => (candidate === 'ours' ? {} : problem));
  expect(new Set(words)).toEqual(new Set(['invalid']));
});

test('a problem of one durable peer invalidates the best peer, and leaves the other peer valid', () => {
  const words = verdictsFor((candidate) => (candidate === 'restate' ? { unsettled: 1 } : {}));
  // In order of the targets: floor, newcomer, best peer, Express, best peer twice; then three for each peer.
  expect(words.slice(0, 6)).toEqual(['met', 'missed', 'invalid', 'met', 'invalid', 'invalid']);
  expect(words.slice(6, 9)).toEqual(['met', 'met', 'met']); // DBOS
  expect(words.slice(9)).toEqual(['invalid', 'invalid', 'invalid']); // Restate
});

test('a problem in one repetition invalidates the scenario', () => {
  const invalid = aResult('floor', burstName(16), { unsettled: 1, settledPerSecond: 1 });
  const verdicts = verdictsOf([...settledResults('ours', [80, 80]), ...settledResults('floor', [100]), invalid]);
  expect(verdicts[0]).toMatchObject({ ratio: null, verdict: 'invalid' });
});
