import { expect, test } from '@jest/globals';
import { reasonsNotToPublish } from './publish';

const FULL = { BENCH_ONLY: [], BENCH_REPS: 3, BENCH_ORDERS: 1_000, BENCH_SECONDS: 8 };
const CLEAN = { violations: [], unsettled: 0, wrong: 0 };

test('a full run without a flaw is published', () => {
  expect(reasonsNotToPublish(FULL, [CLEAN], true)).toEqual([]);
});

test.each([
  [{ BENCH_ONLY: ['ours' as const] }, 'not all took part'],
  [{ BENCH_REPS: 2 }, 'BENCH_REPS is below 3'],
  [{ BENCH_ORDERS: 999 }, 'BENCH_ORDERS is below 1000'],
  [{ BENCH_SECONDS: 7 }, 'BENCH_SECONDS is below 8'],
])('a run with %j is not', (less, reason) => {
  expect(reasonsNotToPublish({ ...FULL, ...less }, [CLEAN], true)).toEqual([reason]);
});

test.each([[{ violations: ['1 order has 2 payments'] }], [{ unsettled: 1 }], [{ wrong: 1 }]])(
  'a run with a case that has %j is not',
  (flaw) => {
    expect(reasonsNotToPublish(FULL, [CLEAN, { ...CLEAN, ...flaw }], true)).toEqual(['1 of 2 cases were flawed']);
  },
);

test('a run that lacks a turn is not', () => {
  expect(reasonsNotToPublish(FULL, [CLEAN], false)).toEqual(['a contestant broke off twice']);
});
