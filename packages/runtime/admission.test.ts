import { expect, test } from '@jest/globals';
import { Gate } from '../../test/gate';
import { Admission, admissionLimits } from './admission';

const LIMITS = {
  read: { running: 2, waiting: 1 },
  list: { running: 1, waiting: 1 },
  write: { running: 1, waiting: 1 },
};

test('requests of one class wait for each other, and do not delay those of another', async () => {
  const admission = new Admission(LIMITS);
  const gate = new Gate();
  const handled: string[] = [];
  const read = (name: string) =>
    admission.run('read', async () => {
      handled.push(name);
      await gate.opened;
    });
  const reads = [read('first'), read('second'), read('third')];

  await admission.run('write', async () => void handled.push('write'));
  expect(handled).toEqual(['first', 'second', 'write']);
  await expect(admission.run('read', async () => undefined)).rejects.toMatchObject({
    status: 503,
    more: { headers: { 'Retry-After': '5' } },
  });

  gate.open();
  await Promise.all(reads);
  expect(handled).toEqual(['first', 'second', 'write', 'third']);
});

test('a request that waits for something else releases its place', async () => {
  const admission = new Admission(LIMITS);
  const gate = new Gate();
  const waiting = admission.run('list', async (release) => {
    release();
    await gate.opened;
  });

  await admission.run('list', async () => undefined);
  gate.open();
  await waiting;
});

test('a request that fails releases its place', async () => {
  const admission = new Admission(LIMITS);
  const failure = new Error('by the test');

  await expect(admission.run('list', () => Promise.reject(failure))).rejects.toBe(failure);
  await admission.run('list', async () => undefined);
});

test.each([1, 10, 100])('reads and lists leave connections to writes if the pool has more than two: %i', (poolSize) => {
  const { read, list } = admissionLimits(poolSize);
  expect(read.running + list.running).toBeLessThan(Math.max(poolSize, 3));
});
