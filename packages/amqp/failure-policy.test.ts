import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Fault } from '@shop/runtime/fault';
import { BrokerUnavailableError } from './broker';
import { FailurePolicy } from './failure-policy';

const anError = new Error('it is bad');
const FIRST_SEEN = '2026-01-02T03:04:05.678Z';

const aMessage = (headers?: Record<string, unknown>) => ({ properties: { headers } as never });
const failedTimes = (tries: number) => aMessage({ 'x-tries': tries, 'x-first-seen': FIRST_SEEN });

const aPolicy = (fault: Fault, probe = async (): Promise<void> => undefined): FailurePolicy =>
  new FailurePolicy({ faultOf: () => fault, probe, maxTries: 5 });

const unavailable = (): Promise<void> => Promise.reject(new Error('unavailable'));

describe('the failure of a message', () => {
  test.each<[Fault, 'healthy' | 'unavailable', 'pass' | 'fail', string]>([
    // fault, dependencies, other messages; what follows from the last try
    ['input', 'healthy', 'pass', 'exhausted'],
    ['input', 'healthy', 'fail', 'exhausted'],
    ['input', 'unavailable', 'fail', 'exhausted'],
    ['bug', 'healthy', 'pass', 'exhausted'],
    ['bug', 'healthy', 'fail', 'retry'],
    ['bug', 'unavailable', 'pass', 'outage'],
    ['unknown', 'healthy', 'pass', 'exhausted'],
    ['unknown', 'healthy', 'fail', 'retry'],
    ['unknown', 'unavailable', 'pass', 'outage'],
    ['unavailable', 'healthy', 'pass', 'retry'],
    ['unavailable', 'healthy', 'fail', 'retry'],
    ['unavailable', 'unavailable', 'pass', 'outage'],
  ])(
    'with the fault %s, while dependencies are %s and other messages %s: %s',
    async (fault, state, others, outcome) => {
      const policy = aPolicy(fault, state === 'unavailable' ? unavailable : undefined);
      if (others === 'pass') policy.recordHandled();

      expect(await policy.judge(failedTimes(4), anError)).toMatchObject({ outcome });
    },
  );

  test.each<[Fault, number]>([
    ['input', 3],
    ['bug', 3],
    ['unknown', 3],
    ['unavailable', 2], // does not count as a try
  ])('before the last try is retried (%s)', async (fault, tries) => {
    const policy = aPolicy(fault);
    policy.recordHandled();

    expect(await policy.judge(failedTimes(2), anError)).toMatchObject({
      outcome: 'retry',
      failures: { tries, firstSeen: new Date(FIRST_SEEN), lastFailed: expect.any(Date) },
      isLoud: fault === 'bug',
    });
  });

  test('for lack of a broker is an outage, whatever the probe says', async () => {
    expect(await aPolicy('unknown').judge(aMessage(), new BrokerUnavailableError())).toMatchObject({
      outcome: 'outage',
    });
  });

  test('does not count while no other message is handled, although one was after the first failure', async () => {
    const policy = aPolicy('unknown');
    const first = await policy.judge(aMessage(), anError);
    policy.recordHandled(); // was in flight when the others began to fail
    const failedAgain = aMessage({
      'x-tries': 1,
      'x-first-seen': FIRST_SEEN,
      'x-last-failed': new Date(Date.now() + 1).toISOString(),
    });

    expect(first).toMatchObject({ outcome: 'retry', failures: { tries: 1 } });
    await delay(5);
    expect(await policy.judge(failedAgain, anError)).toMatchObject({ outcome: 'retry', failures: { tries: 1 } });
    policy.recordHandled();
    expect(await policy.judge(failedAgain, anError)).toMatchObject({ outcome: 'retry', failures: { tries: 2 } });
  });

  test('is loud if no other message is handled', async () => {
    expect(await aPolicy('unknown').judge(failedTimes(4), anError)).toMatchObject({ outcome: 'retry', isLoud: true });
  });

  test('is no evidence against a message if others were handled only before its first failure', async () => {
    const policy = aPolicy('unknown');
    policy.recordHandled();
    const first = await policy.judge(aMessage(), anError);
    expect(first).toMatchObject({ outcome: 'retry', failures: { tries: 1 } });

    const tomorrow = new Date(Date.now() + 86_400_000).toISOString(); // by another clock
    const later = aMessage({ 'x-tries': 99, 'x-first-seen': tomorrow });
    expect(await policy.judge(later, anError)).toMatchObject({ outcome: 'retry' });
  });
});

test.each<[unknown, unknown]>([
  ['4', FIRST_SEEN],
  [-3, FIRST_SEEN],
  [1.5, FIRST_SEEN],
  [Infinity, FIRST_SEEN],
  [null, null],
  [
    { valueOf: 1, toString: 1 },
    { valueOf: 1, toString: 1 },
  ],
  [
    { '!': 'timestamp', value: 4 },
    { '!': 'timestamp', value: 4 },
  ],
  [Buffer.from('4'), Buffer.from(FIRST_SEEN)],
  [0, 'yesterday'],
  [0, '+275760-09-13T00:00:00.001Z'], // later than the last date
  [0, '-271821-04-20T00:00:00.000Z'],
  [0, ''],
])(
  'a sender that sets the headers to %j and %j makes its message fail for the first time',
  async (tries, firstSeen) => {
    const judged = await aPolicy('input').judge(aMessage({ 'x-tries': tries, 'x-first-seen': firstSeen }), anError);
    expect(judged).toMatchObject({ outcome: 'retry', failures: { tries: 1, firstSeen: expect.any(Date) } });
  },
);

test('failures at the same time share one probe', async () => {
  let probes = 0;
  const policy = aPolicy('unknown', async () => void probes++);

  await Promise.all(Array.from({ length: 50 }, () => policy.judge(aMessage(), anError)));
  expect(probes).toBe(1);
  await policy.judge(aMessage(), anError);
  expect(probes).toBe(2);
});

test('a hundred failures in series are a sign that nothing passes, until a message is handled', async () => {
  const policy = aPolicy('unknown');
  const fail = async (): Promise<unknown> => {
    const judged = await policy.judge(aMessage(), anError);
    return 'nothingPasses' in judged && judged.nothingPasses;
  };
  const series = [];
  for (let times = 0; times < 101; times++) series.push(await fail());

  expect(series.indexOf(true)).toBe(99);
  expect(series[100]).toBe(true);
  policy.recordHandled();
  expect(await fail()).toBe(false);
});
