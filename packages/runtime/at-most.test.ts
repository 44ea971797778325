import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { atMost } from './at-most';

test('lets no more be under way than it may, and does all in their turn', async () => {
  const inTurn = atMost(() => 3);
  const begun: number[] = [];
  let [underWay, most] = [0, 0];
  const act = (n: number) => async (): Promise<number> => {
    begun.push(n);
    most = Math.max(most, ++underWay);
    await delay(Math.random() * 5);
    underWay--;
    return n;
  };
  const all = Array.from({ length: 20 }, (_, n) => n);

  await expect(Promise.all(all.map((n) => inTurn(act(n))))).resolves.toEqual(all);

  expect(begun).toEqual(all);
  expect(most).toBe(3);
});

test('goes on after one that fails', async () => {
  const inTurn = atMost(() => 1);
  const failing = inTurn(() => Promise.reject(new Error('this one')));
  const next = inTurn(async () => 'the next');

  await expect(failing).rejects.toThrow('this one');
  await expect(next).resolves.toBe('the next');
});

test('keeps to a limit that changes, and makes up for it when the next one ends', async () => {
  let limit = 1;
  const inTurn = atMost(() => limit);
  const underWay: (() => void)[] = [];
  const all = Array.from({ length: 5 }, () => inTurn(() => new Promise<void>((end) => underWay.push(end))));
  expect(underWay).toHaveLength(1);

  limit = 3;
  underWay.shift()!();
  await all[0];
  expect(underWay).toHaveLength(3);

  limit = 1;
  underWay.shift()!();
  await all[1];
  expect(underWay).toHaveLength(2);
  for (const end of underWay.splice(0)) end();
  await delay(0);
  for (const end of underWay.splice(0)) end();
  await Promise.all(all);
});
