import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { forgetServiceSettings, serviceSettings } from './service-settings';

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
  'PAYMENT_TIMEOUT',
  'SWEEP_AFTER',
  'SWEEP_INTERVAL',
  'WORKER_VERSIONING',
])('%s of the caller is none of the shop that is measured', (name) => {
  expect(serviceSettings()).toContain(name);
  process.env[name] = 'the caller’s';
  forgetServiceSettings();
  expect(process.env[name]).toBeUndefined();
});

test('what is no setting of a service stays', () => {
  process.env['BENCH_REPS'] = '1';
  forgetServiceSettings();
  expect(process.env['BENCH_REPS']).toBe('1');
});
