import { expect, test } from '@jest/globals';
import { shareReads } from './share-reads';

test('concurrent calls share one read, and a later call reads again', async () => {
  let reads = 0;
  const read = shareReads(async () => ++reads);

  expect(await Promise.all([read(), read()])).toEqual([1, 1]);
  expect(await read()).toBe(2);
});

test('a value is returned again until it is too old', async () => {
  let reads = 0;
  const read = shareReads(async () => ++reads, 60_000);

  expect([await read(), await read()]).toEqual([1, 1]);
});

test('a failure is not kept', async () => {
  let fails = true;
  const read = shareReads(async () => {
    if (fails) throw new Error('unavailable');
    return 1;
  }, 60_000);
  await expect(read()).rejects.toThrow('unavailable');

  fails = false;

  expect(await read()).toBe(1);
});
