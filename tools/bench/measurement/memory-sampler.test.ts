import { expect, test } from '@jest/globals';
import { quartersOf, type Megabytes } from './memory-sampler';

const watched = (...quarters: Megabytes[]): Parameters<typeof quartersOf>[0] => ({
  quarter: (n) => quarters[n - 1] ?? {},
});

test.each([
  ['what stays as it is', 'orders', [300, 400, 400, 400], 'holds'],
  ['a tenth more', 'orders', [300, 400, 420, 440], 'holds'],
  ['more than a tenth more', 'orders', [300, 400, 420, 441], 'short'],
  ['as many MB as some connections', 'RabbitMQ', [30, 30, 40, 46], 'short'],
  ['some connections more', 'PostgreSQL', [30, 30, 40, 46], 'holds'],
  ['more than that', 'PostgreSQL', [30, 30, 40, 47], 'short'],
])('memory: %s', (_, part, quarters, verdict) => {
  const { rows, holds } = quartersOf(watched(...quarters.map((megabytes) => ({ [part]: megabytes }))));
  expect(rows).toEqual([[part, ...quarters.map(String), verdict]]);
  expect(holds).toBe(verdict === 'holds');
});

test('one part that grows is enough', () => {
  const growing = [400, 400, 500, 600].map((engine) => ({ engine, orders: 100 }));
  expect(quartersOf(watched(...growing)).holds).toBe(false);
});
