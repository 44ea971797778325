import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { ResponseCounter } from './response-counter';

test('counts failed and missing responses, and starts a new period with each reading', () => {
  const responses = new ResponseCounter();
  for (const status of [201, 409, 503, 502, null]) responses.record(status);

  expect(responses.take()).toMatchObject({ requests: 5, failed: 2, unanswered: 1 });
  expect(responses.take()).toMatchObject({ requests: 0, failed: 0, unanswered: 0 });
});

test('measures the gap between two successful responses, whatever failed in between', async () => {
  const responses = new ResponseCounter();
  responses.record(201);
  await delay(60);
  responses.record(503);
  await delay(60);
  responses.record(201);

  expect(responses.take().longestGapMs).toBeGreaterThanOrEqual(115);
});

test('includes a gap that has not ended yet', async () => {
  const responses = new ResponseCounter();
  await delay(60);

  expect(responses.take().longestGapMs).toBeGreaterThanOrEqual(55);
});
