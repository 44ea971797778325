import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { QueueGrowth } from './queue-growth';

/** Observes a queue every `intervalMs`. @returns what each observation returns, and how often the queue was counted */
async function observe(counts: (number | Error)[], intervalMs = 10_000) {
  let nowMs = 0;
  let counted = 0;
  const growth = new QueueGrowth(
    async () => {
      const count = counts[counted++] ?? 0;
      if (count instanceof Error) throw count;
      return count;
    },
    () => nowMs,
  );
  const observed: (number | null)[] = [];
  for (let times = 0; times < counts.length; times++) {
    growth.observe();
    await nextTurn();
    observed.push(growth.observe());
    nowMs += intervalMs;
  }
  return { observed, counted };
}

test('a queue grows if it was longer in each of four counts, and by a hundred messages in all', async () => {
  expect((await observe([0, 40, 80, 120, 160])).observed).toEqual([null, null, null, 120, 160]);
});

test.each([
  ['shrinks once', [0, 100, 90, 200]],
  ['stays as long as it is', [500, 500, 500, 500]],
  ['grows by a few messages', [0, 1, 2, 99]],
  ['cannot be counted once', [0, 100, new Error('unavailable'), 300, 400, 500]],
])('a queue that %s does not', async (_, counts) => {
  expect((await observe(counts)).observed).toEqual(counts.map(() => null));
});

test('a queue is counted at most every ten seconds, however often it is observed', async () => {
  expect(await observe([0, 50, 100, 150], 4_000)).toMatchObject({ counted: 2, observed: [null, null, null, null] });
});
