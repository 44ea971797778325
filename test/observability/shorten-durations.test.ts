import { expect, test } from '@jest/globals';
import { shortenDurations } from './shorten-durations';

test('divides durations and windows, and changes nothing else', () => {
  const rule = { expr: 'max(rate(a{le="5m"}[5m])) > 300', for: '2m', labels: { severity: 'page' } };
  const groups = { groups: [{ name: 'a', interval: '1m', rules: [rule, { expr: 'b[3d]', keep_firing_for: '10m' }] }] };

  expect(shortenDurations(groups, 60)).toEqual({
    groups: [
      {
        name: 'a',
        interval: '1000ms',
        rules: [
          { expr: 'max(rate(a{le="5m"}[5000ms])) > 300', for: '2000ms', labels: { severity: 'page' } },
          { expr: 'b[4320000ms]', keep_firing_for: '10000ms' },
        ],
      },
    ],
  });
});
