import type { Part, Running } from '../candidates/candidates';
import { memoryOf, type MemoryMb } from './process-usage';
import type { Stage } from '../environment/bench-environment';
import { quantile } from './statistics';

export type Megabytes = Partial<Record<Part, number>>;

/** Looks at the memory of a contestant's parts until it is stopped. */
export class MemoryWatch {
  private readonly samples: MemoryMb[][] = [];
  private readonly parts: Part[];
  private readonly timer: NodeJS.Timeout;

  constructor(stage: Stage, { parts }: Running, everyMs: number) {
    this.parts = Object.keys(parts) as Part[];
    const pids = this.parts.map((part) => stage.pidOf(parts[part]!));
    const look = (): void => void this.samples.push(memoryOf(pids));
    look();
    this.timer = setInterval(look, everyMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Of each part at its largest. */
  peak(): Megabytes {
    return this.each((values) => values.reduce((most, { all }) => Math.max(most, all), 0));
  }

  /** Of each part its own in the middle of the n-th quarter of the time, the first being 1. */
  quarter(n: number): Megabytes {
    return this.each((values) => {
      const quarter = values.slice(Math.floor(((n - 1) * values.length) / 4), Math.ceil((n * values.length) / 4));
      return quantile(
        quarter.map(({ own }) => own),
        0.5,
      );
    });
  }

  private each(figure: (values: MemoryMb[]) => number): Megabytes {
    return Object.fromEntries(
      this.parts.map((part, index) => [part, figure(this.samples.map((sample) => sample[index]!))]),
    );
  }
}

// The first quarter fills caches and pools; what still grows by a tenth from the second to the last does not stop.
const FLAT = 1.1;
// PostgreSQL has some 2 to 4 MB for each connection, and how many its clients keep open goes up and down.
const CONNECTIONS_MB = 16;

/** The quarters as a table, and whether each part has stopped growing. */
export function quartersOf(watch: Pick<MemoryWatch, 'quarter'>): { rows: string[][]; holds: boolean } {
  const quarters = [1, 2, 3, 4].map((n) => watch.quarter(n));
  let holds = true;
  const rows = (Object.keys(quarters[0]!) as Part[]).map((part) => {
    const [, second = 0, , last = 0] = quarters.map((megabytes) => megabytes[part] ?? 0);
    const flat = last <= Math.max(second * FLAT, second + (part === 'PostgreSQL' ? CONNECTIONS_MB : 0));
    holds &&= flat;
    return [part, ...quarters.map((megabytes) => (megabytes[part] ?? 0).toFixed(0)), flat ? 'holds' : 'short'];
  });
  return { rows, holds };
}

export const QUARTER_HEADS = ['memory, MB', '1st quarter', '2nd', '3rd', '4th', 'flat'];
