import { expect, test } from '@jest/globals';
import { plainText } from './plain-text';

test('replaces control characters, which PostgreSQL or the timeline cannot store', () => {
  expect(plainText('no\u0000 funds\r\nat\tall')).toBe('no  funds at all');
});

test('truncates long text', () => {
  expect(plainText('x'.repeat(5_000))).toHaveLength(1_000);
});

test('keeps letters of every script', () => {
  expect(plainText('kein Guthaben: €0 – 残高不足')).toBe('kein Guthaben: €0 – 残高不足');
});
