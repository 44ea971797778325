import type { Component, RunningCandidate } from '../candidates/candidates';
import type { BenchEnvironment } from '../environment/bench-environment';
import { memoryOf, type MemoryMb } from './process-usage';
import { quantile } from './statistics';

export type MemoryByComponent = Partial<Record<Component, number>>;

/** Samples the memory of a candidate's components until it is stopped. */
export class MemorySampler {
  private readonly samples: MemoryMb[][] = [];
  private readonly components: Component[];
  private readonly timer: NodeJS.Timeout;

  constructor(environment: BenchEnvironment, { components }: RunningCandidate, intervalMs: number) {
    this.components = Object.keys(components) as Component[];
    const pids = this.components.map((component) => environment.pidOf(components[component]!));
    const sample = (): void => void this.samples.push(memoryOf(pids));
    sample();
    this.timer = setInterval(sample, intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Returns the maximum of each component, in MB. */
  peak(): MemoryByComponent {
    return this.aggregate((values) => values.reduce((max, { total }) => Math.max(max, total), 0));
  }

  /** Returns each component's median private memory in the n-th quarter of the time, in MB. @param n 1 to 4 */
  quarterMedian(n: number): MemoryByComponent {
    return this.aggregate((values) => {
      const quarter = values.slice(Math.floor(((n - 1) * values.length) / 4), Math.ceil((n * values.length) / 4));
      return quantile(
        quarter.map((value) => value.private),
        0.5,
      );
    });
  }

  private aggregate(metric: (values: MemoryMb[]) => number): MemoryByComponent {
    return Object.fromEntries(
      this.components.map((component, index) => [component, metric(this.samples.map((sample) => sample[index]!))]),
    );
  }
}

// In the first quarter caches and pools fill. Growth by more than a tenth from the second to the fourth quarter means
// that memory is not bounded.
const MAX_GROWTH = 1.1;
// The number of open connections varies, and PostgreSQL needs 2 to 4 MB for each: allow for 4 to 8 more connections.
const POSTGRES_TOLERANCE_MB = 16;

/** The memory of each component over time, as a table. */
export interface MemoryTrend {
  columns: string[];
  rows: string[][];
  /** Whether the memory of every component is bounded. */
  bounded: boolean;
}

export function memoryTrendOf(sampler: Pick<MemorySampler, 'quarterMedian'>): MemoryTrend {
  const quarters = [1, 2, 3, 4].map((n) => sampler.quarterMedian(n));
  let allBounded = true;
  const rows = (Object.keys(quarters[0]!) as Component[]).map((component) => {
    const [, second = 0, , fourth = 0] = quarters.map((quarter) => quarter[component] ?? 0);
    const limit = Math.max(second * MAX_GROWTH, second + (component === 'PostgreSQL' ? POSTGRES_TOLERANCE_MB : 0));
    const bounded = fourth <= limit;
    allBounded &&= bounded;
    return [component, ...quarters.map((quarter) => (quarter[component] ?? 0).toFixed(0)), bounded ? 'yes' : 'no'];
  });
  return { columns: ['memory, MB', '1st quarter', '2nd', '3rd', '4th', 'bounded'], rows, bounded: allBounded };
}
