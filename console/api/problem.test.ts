import { expect, test } from '@jest/globals';
import { adviceOf, ApiProblem, offline, problemOf } from './problem';
import { retryAfterOf } from './retry-after';

const refusal = (status: number, code: string): ApiProblem => new ApiProblem(status, code, 'Title', 'Detail.');
const IF_REPEATED = 'it happens only once.';
const UNKNOWN = `The action may or may not have completed. You can press the button again: ${IF_REPEATED}`;

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
  expect(adviceOf(refusal(status, code), { ifRepeated: IF_REPEATED })).not.toContain('may or may not have completed');
});

test('announces a retry only for requests that the page repeats', () => {
  for (const problem of [
    offline(),
    refusal(503, 'service-unavailable'),
    problemOf(504, ''),
    refusal(429, 'too-many-requests'),
    refusal(500, 'internal-error'),
  ]) {
    expect(adviceOf(problem, { isRepeated: true })).toContain('The page tries again by itself.');
    expect(adviceOf(problem, {})).not.toContain('by itself');
    expect(problem.retryInMs).toBe(5_000);
  }
  expect(adviceOf(refusal(404, 'order-not-found'), { isRepeated: true })).not.toContain('by itself');
  expect(refusal(404, 'order-not-found').retryInMs).toBeNull();
  expect(adviceOf(offline(), {})).toBe('Check the connection. Then try again.');
});

test.each([
  ['30', 30_000],
  ['1', 5_000],
  ['', 5_000],
  ['Sat, 28 Nov 2026 21:00:00 GMT', 5_000],
])('repeats a request after Retry-After "%s", and after 5 s at the earliest', (header, ms) => {
  const headers = new Headers({ 'Retry-After': header });
  expect(problemOf(429, {}, retryAfterOf(headers)).retryInMs).toBe(ms);
});

test('a service that does not know the credential asks for one that both services accept', () => {
  const advice = 'Sign in with a credential that both services accept.';
  expect(adviceOf(refusal(401, 'unauthorized'), { isRepeated: true })).toBe(advice);
  expect(adviceOf(refusal(401, 'unauthorized'), { ifRepeated: IF_REPEATED })).toBe(advice);
  expect(adviceOf(refusal(401, 'unauthorized'), {})).toBe(''); // of the sign-in
});
