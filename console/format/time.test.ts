import { expect, test } from '@jest/globals';
import { formatAge, formatBucket, formatDuration, fromLocalInput, startOfToday, toLocalInput } from './time';

test.each([
  [0, '0 sec'],
  [0.05, '50 ms'],
  [1.24, '1.2 sec'],
  [59, '59 sec'],
  [60, '1 min'],
  [59.7, '1 min'],
  [119, '1 min 59 sec'],
  [3_599.9, '1 hr'],
  [7_199, '2 hr'],
  [5_400, '1 hr 30 min'],
  [47 * 3_600, '1 day 23 hr'],
  [172_800, '2 days'],
])('formats %d seconds as %j', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test('a bucket of a day is a day of UTC, and says so', () => {
  expect(formatBucket('2026-11-28T00:00:00.000Z', 86_400)).toBe('Nov 28, UTC');
});

test('a time of the future, by a clock that differs, is not older than 0 seconds', () => {
  expect(formatAge('2026-11-28T12:00:05Z', Date.parse('2026-11-28T12:00:00Z'))).toBe('0 sec');
});

test('an input of a time shows and reads the time zone of the reader', () => {
  const time = '2026-11-28T12:34:00.000Z';

  expect(fromLocalInput(toLocalInput(time))).toBe(time);
  expect([fromLocalInput(''), toLocalInput(null), toLocalInput('soon')]).toEqual([null, '', '']);
});

test('today begins at the last midnight of the reader', () => {
  const now = new Date('2026-11-28T12:34:56Z');

  const start = startOfToday(now);

  expect(toLocalInput(start)).toBe(`${toLocalInput(now.toISOString()).slice(0, 10)}T00:00`);
});
