import { expect, test } from '@jest/globals';
import { adviceOf, ApiProblem, offline, problemOf } from './problem';

const refusal = (status: number, code: string): ApiProblem => new ApiProblem(status, code, 'Title', 'Detail.');
const IF_REPEATED = 'it happens only once.';
const UNKNOWN = `It is not known whether this happened. Press the button again: ${IF_REPEATED}`;

test.each([
  ['no answer', offline()],
  ['a load balancer that lost the connection', problemOf(502, '<html>')],
  ['a load balancer without an answer', problemOf(503, '<html>')],
  ['a load balancer that has waited', problemOf(504, '<html>')],
  ['an outage of the database', refusal(503, 'service-unavailable')],
  ['an internal error', refusal(500, 'internal-error')],
])('an action may have happened after %s', (_what, problem) => {
  expect(adviceOf(problem, { ifRepeated: IF_REPEATED })).toBe(UNKNOWN);
});

test.each([
  [503, 'too-many-unsettled-orders'],
  [429, 'too-many-requests'],
  [409, 'order-not-cancellable'],
  [404, 'order-not-found'],
  [422, 'product-retired'],
])('an action that was refused with %s %s did not happen', (status, code) => {
  expect(adviceOf(refusal(status, code), { ifRepeated: IF_REPEATED })).not.toContain('not known');
});

test('promises a repetition only for what the page loads by itself', () => {
  for (const problem of [offline(), refusal(503, 'service-unavailable'), problemOf(504, '')]) {
    expect(adviceOf(problem, { isRepeated: true })).toContain('The page tries again by itself.');
    expect(adviceOf(problem, {})).not.toContain('by itself');
  }
  expect(adviceOf(offline(), {})).toBe('Check the connection. Then try again.');
});
