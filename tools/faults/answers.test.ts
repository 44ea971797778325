import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Answers } from './answers';

test('answers are counted by what a client makes of them, from one look to the next', () => {
  const answers = new Answers();
  for (const status of [201, 409, 503, 502, null]) answers.hear(status);

  expect(answers.look()).toMatchObject({ requests: 5, failed: 2, unanswered: 1 });
  expect(answers.look()).toMatchObject({ requests: 0, failed: 0, unanswered: 0 });
});

test('a time in which nobody gets a good answer is a gap, however many bad ones there are', async () => {
  const answers = new Answers();
  answers.hear(201);
  await delay(60);
  answers.hear(503);
  await delay(60);
  answers.hear(201);

  expect(answers.look().longestGapMs).toBeGreaterThanOrEqual(115);
});

test('a gap that has not ended yet counts, too', async () => {
  const answers = new Answers();
  await delay(60);

  expect(answers.look().longestGapMs).toBeGreaterThanOrEqual(55);
});
