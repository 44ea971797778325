import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { readForScrape } from './read-for-scrape';

async function timed<T>(read: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const began = performance.now();
  const value = await read();
  return { value, ms: performance.now() - began };
}

test('while a read hangs, only the first scrape waits, and no other read is started', async () => {
  let reads = 0;
  const read = readForScrape(() => {
    reads++;
    return new Promise<number>(() => undefined);
  });

  const first = await timed(read);
  const second = await timed(read);

  expect([first.value, second.value, reads]).toEqual([null, null, 1]);
  expect(first.ms).toBeLessThan(4_000);
  expect(second.ms).toBeLessThan(1_000);
});

test('while reads are slow, a scrape returns the result of the read before', async () => {
  let reads = 0;
  const read = readForScrape(async () => {
    const value = ++reads;
    await delay(500);
    return value;
  });
  expect(await read()).toBe(1);

  const second = await timed(read);

  expect(second.value).toBe(1);
  expect(second.ms).toBeLessThan(400);
  await delay(600);
  expect(await read()).toBe(2);
});

test('the first scrape after slow reads returns a new value', async () => {
  let pauseMs = 300;
  let value = 1;
  const read = readForScrape(async () => {
    await delay(pauseMs);
    return value;
  });
  await read();

  [pauseMs, value] = [0, 2];

  expect(await read()).toBe(2);
});

test('a value is not kept after a read that failed slowly', async () => {
  let fails = false;
  const read = readForScrape(async () => {
    await delay(300);
    if (fails) throw new Error('unavailable');
    return 1;
  });
  expect(await read()).toBe(1);

  fails = true;

  await read(); // starts the read that fails
  await delay(400);
  expect(await read()).toBeNull();
});
