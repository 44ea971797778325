import { expect, test } from '@jest/globals';
import { registerGauge, registry } from './metrics';

test('looks a number up whenever it is asked for', async () => {
  let waiting = 1;
  registerGauge('test_waiting', 'For this test.', 'queue', async () => ({ one: waiting }));
  expect(await registry.getSingleMetricAsString('test_waiting')).toContain('test_waiting{queue="one"} 1');

  waiting = 2;

  expect(await registry.getSingleMetricAsString('test_waiting')).toContain('test_waiting{queue="one"} 2');
});

test('leaves out what cannot be looked up, and nothing else', async () => {
  let known = true;
  registerGauge('test_away', 'For this test.', 'queue', async () => {
    if (!known) throw new Error('away, as the test wants');
    return { one: 1 };
  });
  expect(await registry.metrics()).toContain('test_away{queue="one"} 1');

  known = false;

  const text = await registry.metrics();
  expect(text).not.toContain('test_away{');
  expect(text).toContain('process_cpu_seconds_total');
});

test('leaves out what takes too long to look up', async () => {
  registerGauge('test_silent', 'For this test.', 'queue', () => new Promise(() => undefined));
  const begun = performance.now();

  const text = await registry.metrics();

  expect(performance.now() - begun).toBeLessThan(4_000);
  expect(text).not.toContain('test_silent{');
  expect(text).toContain('process_cpu_seconds_total');
});
