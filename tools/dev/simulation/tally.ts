import { createHistogram } from 'node:perf_hooks';
import { durationText } from '../progress';

/** The rate and the times in the progress line cover this time. */
const RECENT_MS = 10_000;

/** Counts what happens to the orders of a simulation. */
export class Tally {
  accepted = 0;
  inFlight = 0;
  /** Orders that were not sent, because too many requests were waiting for their responses. */
  skipped = 0;
  /** Cancel requests of orders that were already settled. */
  lateCancels = 0;
  /** Settled orders: `shipped`, the code of the cancellation, or `deleted`. */
  readonly settled = new Map<string, number>();
  /** Orders that were not accepted, by the code of the response. */
  readonly refused = new Map<string, number>();
  private readonly times = createHistogram();
  private recent: { atMs: number; settledInMs: number | null }[] = [];
  private readonly startedAtMs: number;
  private placedForMs: number | null = null;

  /** @param now the clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.startedAtMs = now();
  }

  accept(): void {
    this.accepted++;
    this.inFlight++;
    this.recent.push({ atMs: this.now(), settledInMs: null });
  }

  refuse(code: string): void {
    increment(this.refused, code);
  }

  /** No further orders are placed: ends the time over which the summary states the rate. */
  endPlacing(): void {
    this.placedForMs = this.now() - this.startedAtMs;
  }

  /** @param settledInMs the time from acceptance; null if it is unknown */
  settle(outcome: string, settledInMs: number | null): void {
    this.inFlight--;
    increment(this.settled, outcome);
    if (settledInMs === null) return;
    this.times.record(Math.max(1, Math.round(settledInMs)));
    this.recent.push({ atMs: this.now(), settledInMs });
  }

  /** One line: counts since the start; the rate, and the median and p99 of the times, of the last 10 seconds. */
  progressLine(): string {
    const since = this.now() - RECENT_MS;
    this.recent = this.recent.filter(({ atMs }) => atMs >= since);
    const times = this.recent.flatMap(({ settledInMs }) => settledInMs ?? []).toSorted((a, b) => a - b);
    const accepted = this.recent.length - times.length;
    const seconds = Math.max(1, Math.min(RECENT_MS, this.now() - this.startedAtMs) / 1_000);
    const quantile = (share: number): string => timeText(times[Math.floor(share * times.length)] ?? null);
    const { shipped, declined, cancelled, other } = this.outcomes();
    return [
      `accepted ${(accepted / seconds).toFixed(1)}/s`,
      `refused ${sum(this.refused)}`,
      `in flight ${this.inFlight}`,
      `settled in ${quantile(0.5)} (p99 ${quantile(0.99)})`,
      `shipped ${shipped}`,
      `declined ${declined}`,
      `cancelled ${cancelled}`,
      ...(other > 0 ? [`other ${other}`] : []),
    ].join('  ');
  }

  /** The lines of the summary. */
  summary(): string[] {
    const elapsedMs = this.placedForMs ?? this.now() - this.startedAtMs;
    const settled = sum(this.settled);
    const share = (count: number): string => `${((100 * count) / Math.max(1, settled)).toFixed(1)} %`.padStart(8);
    const rows = (counts: Map<string, number>, more: (count: number) => string): string[] =>
      [...counts].toSorted(([, a], [, b]) => b - a).map(([name, count]) => row(name, count, more(count)));
    return [
      `Simulated for ${durationText(elapsedMs)}: ${this.accepted} orders accepted, ` +
        `${((1_000 * this.accepted) / Math.max(1, elapsedMs)).toFixed(1)} per second.`,
      ...rows(this.settled, share),
      row('in flight', this.inFlight),
      ...(this.lateCancels > 0 ? [`Cancelled too late: ${this.lateCancels}.`] : []),
      ...(this.refused.size > 0 ? ['Not accepted:', ...rows(this.refused, () => '')] : []),
      ...(this.skipped > 0 ? [`Not sent, because too many requests were waiting: ${this.skipped}.`] : []),
      ...(this.times.count > 0
        ? [
            `Time to settle: p50 ${timeText(this.times.percentile(50))}, p95 ${timeText(this.times.percentile(95))}, ` +
              `p99 ${timeText(this.times.percentile(99))}, longest ${timeText(this.times.max)}.`,
          ]
        : []),
    ];
  }

  private outcomes(): { shipped: number; declined: number; cancelled: number; other: number } {
    const count = (outcome: string): number => this.settled.get(outcome) ?? 0;
    const [shipped, declined, cancelled] = [count('shipped'), count('payment-declined'), count('customer-cancelled')];
    return { shipped, declined, cancelled, other: sum(this.settled) - shipped - declined - cancelled };
  }
}

const increment = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);
const row = (name: string, count: number, more = ''): string =>
  `  ${name.padEnd(20)}${String(count).padStart(8)}${more}`;
const sum = (counts: Map<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
const timeText = (ms: number | null): string =>
  ms === null ? '–' : ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
