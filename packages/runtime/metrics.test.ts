import { expect, test } from '@jest/globals';
import { registerGauge, registerValue, registry } from './metrics';

test('a gauge is read at each scrape', async () => {
  let waiting = 1;
  registerGauge('test_waiting', 'For this test.', 'queue', async () => ({ one: waiting }));
  expect(await registry.getSingleMetricAsString('test_waiting')).toContain('test_waiting{queue="one"} 1');

  waiting = 2;

  expect(await registry.getSingleMetricAsString('test_waiting')).toContain('test_waiting{queue="one"} 2');
});

test('a scrape leaves out only the gauge whose value cannot be read', async () => {
  let available = true;
  registerGauge('test_failing', 'For this test.', 'queue', async () => {
    if (!available) throw new Error('unavailable');
    return { one: 1 };
  });
  expect(await registry.metrics()).toContain('test_failing{queue="one"} 1');

  available = false;

  const text = await registry.metrics();
  expect(text).not.toContain('test_failing{');
  expect(text).toContain('process_cpu_seconds_total');
});

test('a scrape leaves out a gauge whose value takes too long to read', async () => {
  registerGauge('test_hanging', 'For this test.', 'queue', () => new Promise(() => undefined));
  const began = performance.now();

  const text = await registry.metrics();

  expect(performance.now() - began).toBeLessThan(4_000);
  expect(text).not.toContain('test_hanging{');
  expect(text).toContain('process_cpu_seconds_total');
});

test('a scrape leaves out a gauge without labels if its value cannot be read', async () => {
  let available = true;
  registerValue('test_value', 'For this test.', async () => {
    if (!available) throw new Error('unavailable');
    return 7;
  });
  expect(await registry.getSingleMetricAsString('test_value')).toContain('\ntest_value 7');

  available = false;

  expect(await registry.getSingleMetricAsString('test_value')).not.toContain('\ntest_value ');
});

test('a read that hangs is not started again by the next scrape', async () => {
  let reads = 0;
  registerValue('test_stuck', 'For this test.', () => {
    reads++;
    return new Promise(() => undefined);
  });

  await Promise.all([registry.metrics(), registry.metrics()]);

  expect(reads).toBe(1);
});
