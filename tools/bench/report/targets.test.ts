import { expect, test } from '@jest/globals';
import { burstOver, pacedAt } from '../load/scenarios';
import type { ContestantName } from '../candidates/candidates';
import type { Result } from '../measurement/results';
import { verdictsOf, type Verdict } from './targets';

const result = (contestant: ContestantName, name: string, figures: Partial<Result>): Result => ({
  contestant,
  rep: 1,
  case: name,
  orders: 100,
  refused: {},
  wrong: 0,
  askedPerSecond: 100,
  acceptedPerSecond: 100,
  settledPerSecond: 100,
  postP50: 1,
  postP99: 10,
  settledP50: 1,
  settledP99: 10,
  seconds: 1,
  cpuMsPerOrder: {},
  memoryMb: {},
  foreign: 0,
  unsettled: 0,
  violations: [],
  ...figures,
});
const settled = (contestant: ContestantName, values: number[]): Result[] =>
  values.map((settledPerSecond) => result(contestant, burstOver(16), { settledPerSecond }));
const wordsOf = (verdicts: Verdict[]): string[] => verdicts.map(({ word }) => word);
const everyone: ContestantName[] = ['ours', 'floor', 'newcomer', 'dbos', 'restate', 'express'];
const wordsWhere = (figuresOf: (contestant: ContestantName) => Partial<Result>): string[] => {
  const names = [...[1, 16, 64].map(burstOver), pacedAt(50)];
  const results = everyone.flatMap((contestant) =>
    names.map((name) => result(contestant, name, figuresOf(contestant))),
  );
  return wordsOf(verdictsOf(results));
};

test('every target holds where ours is better by far', () => {
  const better = { acceptedPerSecond: 400, settledPerSecond: 400, postP99: 2, seconds: 0.2 };
  expect(new Set(wordsWhere((contestant) => (contestant === 'ours' ? better : {})))).toEqual(new Set(['holds']));
});

test('every target is short where ours is worse by far', () => {
  const worse = { acceptedPerSecond: 20, settledPerSecond: 20, postP99: 50, seconds: 5 };
  expect(new Set(wordsWhere((contestant) => (contestant === 'ours' ? worse : {})))).toEqual(new Set(['short']));
});

test('the best of the durable peers is the one to beat', () => {
  const words = wordsWhere((contestant) =>
    contestant === 'restate' ? { acceptedPerSecond: 400, postP99: 2, seconds: 0.2, settledPerSecond: 400 } : {},
  );
  expect(words.slice(2, 6)).toEqual(['short', 'holds', 'short', 'short']);
});

test('what is compared is the median of the repetitions', () => {
  const verdicts = verdictsOf([...settled('ours', [1, 80, 1_000]), ...settled('floor', [100, 100, 100])]);
  expect(verdicts[0]).toMatchObject({ ratio: 0.8, word: 'holds' });
});

test('a target without its contestants is not run, rather than held', () => {
  expect(new Set(wordsOf(verdictsOf([])))).toEqual(new Set(['not run']));
});

const flaws: [string, Partial<Result>][] = [
  ['did not settle all orders', { unsettled: 1 }],
  ['was wrong in stock or payments', { violations: ['2 orders have 1 payments'] }],
  ['answered a POST as it may not', { wrong: 1 }],
];

test.each(flaws)('every target is short where ours %s, however fast it was', (_, flaw) => {
  const better = { acceptedPerSecond: 400, settledPerSecond: 400, postP99: 2, seconds: 0.2 };
  const words = wordsWhere((contestant) => (contestant === 'ours' ? { ...better, ...flaw } : {}));
  expect(new Set(words)).toEqual(new Set(['short']));
});

test.each(flaws)('nothing is measured by another that %s', (_, flaw) => {
  const words = wordsWhere((contestant) => (contestant === 'ours' ? {} : flaw));
  expect(new Set(words)).toEqual(new Set(['invalid']));
});

test('one of the durable peers with a flaw leaves no best of them, and the other what it was', () => {
  const words = wordsWhere((contestant) => (contestant === 'restate' ? { unsettled: 1 } : {}));
  // By the order of the targets: the floor, the newcomer, the best peer, Express, twice the best peer; then each peer.
  expect(words.slice(0, 6)).toEqual(['holds', 'short', 'invalid', 'holds', 'invalid', 'invalid']);
  expect(words.slice(6, 9)).toEqual(['holds', 'holds', 'holds']); // DBOS
  expect(words.slice(9)).toEqual(['invalid', 'invalid', 'invalid']); // Restate
});

test('a flaw in one repetition is one of the case', () => {
  const flawed = result('floor', burstOver(16), { unsettled: 1, settledPerSecond: 1 });
  const verdicts = verdictsOf([...settled('ours', [80, 80]), ...settled('floor', [100]), flawed]);
  expect(verdicts[0]).toMatchObject({ ratio: null, word: 'invalid' });
});
