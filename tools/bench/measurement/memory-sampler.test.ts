import { expect, test } from '@jest/globals';
import { memoryTrendOf, type MemoryByComponent } from './memory-sampler';

const sampler = (...quarters: MemoryByComponent[]): Parameters<typeof memoryTrendOf>[0] => ({
  quarterMedian: (n) => quarters[n - 1] ?? {},
});

test.each([
  ['constant memory', 'orders', [300, 400, 400, 400], 'yes'],
  ['growth by a tenth', 'orders', [300, 400, 420, 440], 'yes'],
  ['growth by more than a tenth', 'orders', [300, 400, 420, 441], 'no'],
  ['growth of another component by 16 MB', 'RabbitMQ', [30, 30, 40, 46], 'no'],
  ['growth of PostgreSQL by 16 MB', 'PostgreSQL', [30, 30, 40, 46], 'yes'],
  ['growth of PostgreSQL by more than 16 MB', 'PostgreSQL', [30, 30, 40, 47], 'no'],
])('%s', (_, component, quarters, verdict) => {
  const { rows, bounded } = memoryTrendOf(sampler(...quarters.map((megabytes) => ({ [component]: megabytes }))));
  expect(rows).toEqual([[component, ...quarters.map(String), verdict]]);
  expect(bounded).toBe(verdict === 'yes');
});

test('memory is not bounded if one component grows', () => {
  const growing = [400, 400, 500, 600].map((engine) => ({ engine, orders: 100 }));
  expect(memoryTrendOf(sampler(...growing)).bounded).toBe(false);
});
