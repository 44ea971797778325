import { expect, test } from '@jest/globals';
import { Tally } from './tally';

function tallyAt(): { tally: Tally; advance: (ms: number) => void } {
  let now = 0;
  return { tally: new Tally(() => now), advance: (ms) => (now += ms) };
}

test('the progress line shows the rate and the times of the last 10 seconds, and the counts since the start', () => {
  const { tally, advance } = tallyAt();
  tally.accept();
  tally.settle('shipped', 5_000);
  advance(60_000);
  for (let order = 0; order < 100; order++) tally.accept();
  for (let order = 0; order < 98; order++) tally.settle('shipped', 40);
  tally.settle('payment-declined', 1_500);
  tally.refuse('service-unavailable');
  expect(tally.progressLine()).toBe(
    'accepted 10.0/s  refused 1  in flight 1  settled in 40 ms (p99 1.5 s)  shipped 99  declined 1  cancelled 0',
  );
});

test('the progress line shows other outcomes only if there are any', () => {
  const { tally } = tallyAt();
  expect(tally.progressLine()).toMatch(
    /in flight 0 {2}settled in – \(p99 –\) {2}shipped 0 {2}declined 0 {2}cancelled 0$/,
  );
  tally.accept();
  tally.settle('payment-timeout', 90_000);
  expect(tally.progressLine()).toMatch(/cancelled 0 {2}other 1$/);
});

test('the summary shows each outcome with its share, and each reason of a refusal', () => {
  const { tally, advance } = tallyAt();
  for (let order = 0; order < 21; order++) tally.accept();
  for (let order = 0; order < 15; order++) tally.settle('shipped', 100);
  for (let order = 0; order < 5; order++) tally.settle('payment-declined', 100);
  tally.refuse('insufficient-stock');
  tally.lateCancels = 2;
  tally.skipped = 3;
  advance(10_000);
  tally.endPlacing();
  advance(5_000);
  expect(tally.summary().join('\n')).toBe(
    `Simulated for 10 s: 21 orders accepted, 2.1 per second.
  shipped                   15  75.0 %
  payment-declined           5  25.0 %
  in flight                  1
Cancelled too late: 2.
Not accepted:
  insufficient-stock         1
Not sent, because too many requests were waiting: 3.
Time to settle: p50 100 ms, p95 100 ms, p99 100 ms, longest 100 ms.`,
  );
});
