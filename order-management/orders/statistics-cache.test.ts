import { beforeEach, expect, test } from '@jest/globals';
import { StatisticsCache } from './statistics-cache';
import type { OrderStatistics, StatisticsWindow } from './order-statistics';

const NOTHING = {} as OrderStatistics;
let nowMs: number;
let tookMs: number;
let running: number;
let counted: StatisticsWindow[];
let statistics: StatisticsCache;

beforeEach(() => {
  [nowMs, tookMs, running, counted] = [0, 0, 0, []];
  statistics = new StatisticsCache(
    async (window) => {
      expect(++running).toBe(1);
      counted.push(window);
      await Promise.resolve();
      nowMs += tookMs;
      running--;
      return NOTHING;
    },
    () => nowMs,
  );
});

test('readers of a window share one count, and windows are counted one after the other', async () => {
  await Promise.all([statistics.read('1h'), statistics.read('30d'), statistics.read('1h')]);

  expect(counted).toEqual(['1h', '30d']);
});

test('caches a count for 5 seconds', async () => {
  await statistics.read('24h');
  nowMs += 4_999;
  await statistics.read('24h');
  expect(counted).toHaveLength(1);

  nowMs += 1;
  await statistics.read('24h');
  expect(counted).toHaveLength(2);
});

test('readers who never stop keep PostgreSQL busy for at most 5 % of the time', async () => {
  tookMs = 3_000;
  while (nowMs < 3_600_000) {
    for (const window of ['1h', '24h', '7d', '30d'] as const) await statistics.read(window);
    nowMs += 100;
  }

  const busyMs = counted.length * tookMs;
  expect(busyMs / nowMs).toBeLessThan(0.055); // the first counts are not preceded by a pause
  expect(busyMs / nowMs).toBeGreaterThan(0.045);
});

test('the time that a count waits for others does not extend its lifetime in the cache', async () => {
  tookMs = 1_000;
  await Promise.all([statistics.read('30d'), statistics.read('1h')]); // the second one waits for 1 second
  nowMs += 80_000;
  await statistics.read('1h');

  expect(counted).toEqual(['30d', '1h', '1h']);
});

test('a failure by an outage is kept for 5 seconds, however long it took', async () => {
  let tries = 0;
  const failing = new StatisticsCache(
    async () => {
      tries++;
      nowMs += 3_000;
      throw new Error('unavailable');
    },
    () => nowMs,
  );
  for (let reader = 0; reader < 3; reader++) await expect(failing.read('24h')).rejects.toThrow('unavailable');
  expect(tries).toBe(1);

  nowMs += 5_000;
  await expect(failing.read('24h')).rejects.toThrow('unavailable');
  expect(tries).toBe(2);
});

test('a failure by the time limit is kept for 80 times as long as it took', async () => {
  let tries = 0;
  const cancelled = Object.assign(new Error('canceling statement due to statement timeout'), {
    code: '57014',
    severity: 'ERROR',
  });
  const failing = new StatisticsCache(
    async () => {
      tries++;
      nowMs += 2_000;
      throw cancelled;
    },
    () => nowMs,
  );
  await expect(failing.read('24h')).rejects.toThrow('canceling');
  nowMs += 159_000;
  await expect(failing.read('24h')).rejects.toThrow('canceling');
  expect(tries).toBe(1);

  nowMs += 1_000;
  await expect(failing.read('24h')).rejects.toThrow('canceling');
  expect(tries).toBe(2);
});
