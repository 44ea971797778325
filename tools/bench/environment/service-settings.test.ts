import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { clearServiceSettings, serviceSettings } from './service-settings';

let environment: NodeJS.ProcessEnv;
beforeEach(() => void (environment = { ...process.env }));
afterEach(() => void (process.env = environment));

test.each([
  'BUILD_ID',
  'DATABASE_POOL_SIZE',
  'DATABASE_READ_URLS',
  'DATABASE_URL',
  'DRAIN_TIME',
  'LOG_LEVEL',
  'MAX_UNSETTLED',
  'PAYMENT_ASKS',
  'PAYMENT_CHANNEL',
  'PAYMENT_FAST_PATH',
  'PAYMENT_TIMEOUT',
  'SWEEP_AFTER',
  'SWEEP_INTERVAL',
  'WORKER_VERSIONING',
])('does not pass %s of the caller to the services', (name) => {
  expect(serviceSettings()).toContain(name);
  process.env[name] = 'set by the caller';
  clearServiceSettings();
  expect(process.env[name]).toBeUndefined();
});

test('keeps variables that are not settings of a service', () => {
  process.env['BENCH_REPS'] = '1';
  clearServiceSettings();
  expect(process.env['BENCH_REPS']).toBe('1');
});
