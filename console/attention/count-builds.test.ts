import { expect, test } from '@jest/globals';
import { countBuilds } from './count-builds';

test('counts the builds of the instances that report', () => {
  const current = { buildId: 'b', state: 'ready' } as const;

  expect(countBuilds([current, { buildId: 'a', state: 'not ready' }])).toBe(2);
  expect(countBuilds([current, { buildId: 'a', state: 'silent' }])).toBe(1);
});
