import { resolve } from 'node:path';
import { readOrExit } from '@shop/runtime/environment';
import { startOurs } from './candidates/candidates';
import { measure } from './measurement/measure';
import { QUARTER_HEADS, quartersOf } from './measurement/memory-sampler';
import { onStage } from './environment/run-benchmark';
import { publishPart } from './report/publish';
import { markdownTable } from './report/report';
import { readSettings } from './settings';
import { say, type Stage } from './environment/bench-environment';

/** What `make bench-overload` does: asks for more than twice what the shop settles, then waits for all of it. */
const settings = readOrExit(readSettings);
const FULL_SECONDS = 600;
const WARM_UPS = 2;
// A quarter above twice: what has been at it for minutes may settle faster than it did in a burst.
const TIMES_CAPACITY = 2.5;
const seconds = Math.ceil(settings.OVERLOAD_FOR / 1_000);

async function overload(stage: Stage): Promise<boolean> {
  const shop = await startOurs(stage);
  let [accepted, capacity] = [0, 0];
  for (let burst = 0; burst <= WARM_UPS; burst++) {
    const load = { kind: 'burst', orders: settings.BENCH_ORDERS, connections: 16 } as const;
    const { measurement } = await measure(stage, shop, load);
    accepted += measurement.orders;
    capacity = measurement.settledPerSecond;
  }
  const perSecond = settings.OVERLOAD_PER_SECOND || Math.ceil(capacity * TIMES_CAPACITY);
  say(`${capacity.toFixed(0)} orders a second settle in a burst; ${perSecond} a second are asked for`);

  // What was accepted at twice the rate at which it settles takes as long again; give it three times that.
  const patienceMs = 60_000 + 3 * settings.OVERLOAD_FOR;
  const { measurement, memory } = await measure(stage, shop, { kind: 'paced', perSecond, seconds }, patienceMs);
  const violations = await shop.book.violations(accepted + measurement.orders);
  const crashed = Object.values(shop.parts).filter((server) => !stage.isRunning(server));
  await shop.book.close();

  const quarters = quartersOf(memory);
  const { askedPerSecond, settledPerSecond } = measurement;
  const refused = Object.entries(measurement.refused).map(([status, count]) => `${count} answered ${status}`);
  const verdicts: [string, boolean][] = [
    [
      'at least twice as many orders a second were asked for as settled meanwhile',
      askedPerSecond >= 2 * settledPerSecond,
    ],
    ['the bound on unsettled orders was reached: some were answered 503', (measurement.refused['503'] ?? 0) > 0],
    ['no process has crashed', crashed.length === 0],
    ['every POST was answered with 201, or with 503 and Retry-After', measurement.wrong === 0],
    ['every order that was accepted has settled', measurement.unsettled === 0],
    ['stock, payments and orders are as they should be', violations.length === 0],
    ['memory is bounded', quarters.holds],
  ];
  const report = [
    `For ${seconds} s ${askedPerSecond.toFixed(0)} orders a second were asked for and ${settledPerSecond.toFixed(0)} ` +
      `settled, ${(askedPerSecond / settledPerSecond).toFixed(1)} to 1; in a burst before it ${capacity.toFixed(0)} had. ` +
      `${measurement.orders} were accepted, ${refused.length > 0 ? refused.join(', ') : 'none refused'}; ` +
      `POST p50 ${measurement.postP50.toFixed(0)} ms, p99 ${measurement.postP99.toFixed(0)} ms; all that settled had ` +
      `done so ${Math.max(0, measurement.seconds - seconds).toFixed(0)} s after the last POST.`,
    markdownTable(QUARTER_HEADS, quarters.rows),
    markdownTable(
      ['wanted', ''],
      verdicts.map(([wanted, holds]) => [wanted, holds ? 'holds' : 'short']),
    ),
    ...violations,
  ].join('\n\n');
  process.stdout.write(`${report}\n`);
  if (seconds >= FULL_SECONDS) publishPart('overload', report);
  return verdicts.every(([, holds]) => holds);
}

void onStage(resolve('.data', 'bench', 'overload'), ['ours'], overload);
