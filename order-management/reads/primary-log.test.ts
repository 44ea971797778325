import { beforeEach, expect, test } from '@jest/globals';
import { PrimaryLog } from './primary-log';

let log: PrimaryLog;

beforeEach(() => {
  log = new PrimaryLog();
});

test('finds nobody behind who has replayed all that the primary has written, however long ago that was', () => {
  log.note(100n, 1_000);
  log.note(200n, 2_000);
  log.note(200n, 60_000);

  expect(log.lagMs(200n)).toBe(0);
  expect(log.lagMs(250n)).toBe(0);
});

test('tells the age of the oldest that is missing', () => {
  log.note(100n, 1_000);
  log.note(200n, 2_000);
  log.note(300n, 5_000);
  log.note(300n, 9_000);

  expect(log.lagMs(100n)).toBe(7_000);
  expect(log.lagMs(199n)).toBe(7_000);
  expect(log.lagMs(200n)).toBe(4_000);
});

test('does not guess how old that is which was missing from the beginning', () => {
  log.note(100n, 1_000);

  expect(log.lagMs(99n)).toBe(Infinity);
});

test('finds nobody behind for a record of which the primary has only a part', () => {
  log.note(8_100n, 1_000);
  log.note(8_192n, 2_000);
  log.note(8_192n, 9_000);

  expect(log.lagMs(8_100n)).toBe(0);
});

test('begins anew with a primary that had not got as far as the one before', () => {
  log.note(300n, 1_000);
  log.note(200n, 2_000);
  log.note(250n, 3_000);

  expect(log.lagMs(200n)).toBe(0);
  expect(log.lagMs(199n)).toBe(Infinity);
});

test('remembers an hour', () => {
  const anHour = 60 * 60 * 4;
  for (let at = 0; at <= 2 * anHour; at++) log.note(8n * BigInt(at) + 1n, at * 250);

  expect(log.lagMs(8n * BigInt(2 * anHour - 40) + 1n)).toBe(39 * 250);
  expect(log.lagMs(8n * BigInt(anHour + 1) + 1n)).toBe((anHour - 2) * 250);
  expect(log.lagMs(8n * BigInt(anHour - 1) + 1n)).toBe(Infinity);
});
