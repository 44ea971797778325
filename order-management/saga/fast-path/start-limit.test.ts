import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import type { Settlement } from '@shop/workflows/contract';
import { FAST_PATH } from './options';
import { StartLimit } from './start-limit';

/** A function per start in flight that ends the start. Its argument is whether the start created a saga. */
let starts: Map<string, (started: boolean) => void>;
/** A function per order that the limit waits for, which settles the order. */
let waits: Map<string, () => void>;
let rush: { isOn: boolean };
let limit: StartLimit;
beforeEach(() => {
  starts = new Map();
  waits = new Map();
  rush = { isOn: false };
  limit = limitOf({});
});

const next = (orderId: string): Promise<Settlement | null> =>
  new Promise((resolve) => waits.set(orderId, () => resolve({} as Settlement)));
const limitOf = ({ enabled = true }): StartLimit => new StartLimit({ settlements: { next }, rush, enabled });

const run = (orders: number): void => {
  for (let i = 1; i <= orders; i++) {
    void limit.run(`order ${i}`, (attempt) => {
      attempt();
      return new Promise((resolve) => starts.set(`order ${i}`, resolve));
    });
  }
};
const end = async (order: number, started: boolean): Promise<void> => {
  starts.get(`order ${order}`)?.(started);
  await delay(0);
};

test('counts a saga until it has settled its order', async () => {
  run(FAST_PATH.sagasInFlight + 2);
  await delay(0);
  expect([...starts.keys()]).toHaveLength(FAST_PATH.sagasInFlight);

  await end(1, true);
  expect(starts.size).toBe(FAST_PATH.sagasInFlight);
  waits.get('order 1')?.();
  await delay(0);

  expect([...starts.keys()].at(-1)).toBe(`order ${FAST_PATH.sagasInFlight + 1}`);
});

test('does not wait for the order of a saga that existed already', async () => {
  run(FAST_PATH.sagasInFlight + 1);
  await delay(0);

  await end(1, false);

  expect(starts.size).toBe(FAST_PATH.sagasInFlight + 1);
});

test('starts fewer sagas during a rush, and the others after it', async () => {
  rush.isOn = true;
  run(18);
  await delay(0);
  expect(starts.size).toBe(FAST_PATH.sagasInRush);

  await end(1, false);
  expect(starts.size).toBe(FAST_PATH.sagasInRush + 1);
  rush.isOn = false;
  await end(2, false);

  expect(starts.size).toBe(18);
});

test('counts a saga only until it is started if the fast path is off', async () => {
  limit = limitOf({ enabled: false });
  run(FAST_PATH.sagasInFlight + 1);
  await delay(0);

  await end(1, true);

  expect(starts.size).toBe(FAST_PATH.sagasInFlight + 1);
  expect(waits.size).toBe(0);
});

test('waits for one order in twenty while payments take too long', async () => {
  let waited = 0;
  const timeOut = async (): Promise<null> => (waited++, null);
  limit = new StartLimit({ settlements: { next: timeOut }, rush, enabled: true });

  for (let i = 0; i < 400; i++) await limit.run(`order ${i}`, async (attempt) => (attempt(), true));

  expect(waited).toBeGreaterThan(15);
  expect(waited).toBeLessThan(60);
});

test('measures the time to settle from the last attempt, not from the first', async () => {
  let waited = 0;
  const settledAfterLast = async (): Promise<Settlement | null> => (++waited % 2 === 0 ? ({} as Settlement) : null);
  limit = new StartLimit({ settlements: { next: settledAfterLast }, rush, enabled: true });

  for (let i = 0; i < 100; i++) {
    await limit.run(`order ${i}`, async (attempt) => {
      attempt(); // fails
      attempt();
      return true;
    });
  }

  expect(waited).toBe(200); // each saga was waited for: none counted as too late
});
