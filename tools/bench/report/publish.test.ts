import { expect, test } from '@jest/globals';
import { publicationBlockers } from './publish';

const FULL = { BENCH_ONLY: [], BENCH_REPS: 3, BENCH_ORDERS: 1_000, BENCH_SECONDS: 8 };
const VALID = { violations: [], unsettled: 0, invalidResponses: 0 };

test('publishes a complete, valid run of full size', () => {
  expect(publicationBlockers(FULL, [VALID], true)).toEqual([]);
});

test.each([
  [{ BENCH_ONLY: ['ours' as const] }, 'BENCH_ONLY excludes candidates'],
  [{ BENCH_REPS: 2 }, 'BENCH_REPS is below 3'],
  [{ BENCH_ORDERS: 999 }, 'BENCH_ORDERS is below 1000'],
  [{ BENCH_SECONDS: 7 }, 'BENCH_SECONDS is below 8'],
])('does not publish a run with %j', (setting, blocker) => {
  expect(publicationBlockers({ ...FULL, ...setting }, [VALID], true)).toEqual([blocker]);
});

test.each([[{ violations: ['1 order has 2 payments'] }], [{ unsettled: 1 }], [{ invalidResponses: 1 }]])(
  'does not publish a run with a result that has %j',
  (problem) => {
    expect(publicationBlockers(FULL, [VALID, { ...VALID, ...problem }], true)).toEqual(['1 of 2 results are invalid']);
  },
);

test('does not publish an incomplete run', () => {
  expect(publicationBlockers(FULL, [VALID], false)).toEqual(['a candidate failed twice']);
});
