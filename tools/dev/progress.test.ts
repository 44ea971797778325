import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { withProgress } from './progress';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const takes =
  (ms: number): (() => Promise<string>) =>
  () =>
    new Promise((resolve) => void setTimeout(() => resolve('result'), ms));

test('prints the elapsed time of a long step every 10 s, and every 30 s after the first minute', async () => {
  const lines: string[] = [];

  const step = withProgress((line) => void lines.push(line), 'Building', takes(125_000));
  await jest.advanceTimersByTimeAsync(125_000);

  await expect(step).resolves.toBe('result');
  const times = ['10 s', '20 s', '30 s', '40 s', '50 s', '1 min 0 s', '1 min 30 s', '2 min 0 s'];
  expect(lines).toEqual([
    'Building …',
    ...times.map((time) => `  still running after ${time}`),
    '  done after 2 min 5 s',
  ]);
});

test('prints only the start of a short step', async () => {
  const lines: string[] = [];

  const step = withProgress((line) => void lines.push(line), 'Starting', takes(500));
  await jest.advanceTimersByTimeAsync(500);
  await step;

  expect(lines).toEqual(['Starting …']);
});

test('prints nothing more once a step has failed', async () => {
  const lines: string[] = [];

  await expect(
    withProgress(
      (line) => void lines.push(line),
      'Building',
      () => Promise.reject(new Error('no disk space left')),
    ),
  ).rejects.toThrow('no disk space left');
  await jest.advanceTimersByTimeAsync(60_000);

  expect(lines).toEqual(['Building …']);
});
