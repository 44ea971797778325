import { beforeEach, expect, test } from '@jest/globals';
import { PrimaryLog } from './primary-log';

let log: PrimaryLog;

beforeEach(() => {
  log = new PrimaryLog();
});

test('the lag is 0 if the secondary has replayed everything, however old the last record is', () => {
  log.record(100n, 1_000);
  log.record(200n, 2_000);
  log.record(200n, 60_000);

  expect(log.lagMs(200n)).toBe(0);
  expect(log.lagMs(250n)).toBe(0);
});

test('the lag is the age of the oldest missing record', () => {
  log.record(100n, 1_000);
  log.record(200n, 2_000);
  log.record(300n, 5_000);
  log.record(300n, 9_000);

  expect(log.lagMs(100n)).toBe(7_000);
  expect(log.lagMs(199n)).toBe(7_000);
  expect(log.lagMs(200n)).toBe(4_000);
});

test('the lag is unknown if the secondary lacks more than was recorded', () => {
  log.record(100n, 1_000);

  expect(log.lagMs(99n)).toBe(Infinity);
});

test('a record that the primary has written only in part does not count as missing', () => {
  log.record(8_100n, 1_000);
  log.record(8_192n, 2_000);
  log.record(8_192n, 9_000);

  expect(log.lagMs(8_100n)).toBe(0);
});

test('a new primary that is behind the old one discards the samples', () => {
  log.record(300n, 1_000);
  log.record(200n, 2_000);
  log.record(250n, 3_000);

  expect(log.lagMs(200n)).toBe(0);
  expect(log.lagMs(199n)).toBe(Infinity);
});

test('keeps the samples of one hour', () => {
  const anHour = 60 * 60 * 4;
  for (let at = 0; at <= 2 * anHour; at++) log.record(8n * BigInt(at) + 1n, at * 250);

  expect(log.lagMs(8n * BigInt(2 * anHour - 40) + 1n)).toBe(39 * 250);
  expect(log.lagMs(8n * BigInt(anHour + 1) + 1n)).toBe((anHour - 2) * 250);
  expect(log.lagMs(8n * BigInt(anHour - 1) + 1n)).toBe(Infinity);
});
