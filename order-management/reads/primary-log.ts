import type { WalPosition } from '@shop/prisma/wal-position';

const WAL_PAGE_BYTES = 8_192n;
const MAX_SAMPLES = 14_400; // one hour, at four samples per second

interface Sample {
  position: WalPosition;
  atMs: number;
}

/** Records when the primary's log reached each position. The lag of a secondary is computed from these samples. */
export class PrimaryLog {
  private samples: Sample[] = [];
  private lastSampleAtMs = 0;

  /** Records the primary's current position. @param atMs the current time of a monotonic clock */
  record(position: WalPosition, atMs: number): void {
    this.lastSampleAtMs = atMs;
    const last = this.samples.at(-1)?.position;
    // A position at the end of a page may lie within a record. A secondary cannot replay part of a record, so it would
    // seem to be behind until the primary writes the rest.
    if (position === last || position % WAL_PAGE_BYTES === 0n) return;
    // The position moved backwards: a secondary that had not received everything was promoted.
    if (last !== undefined && position < last) this.samples = [];
    this.samples.push({ position, atMs });
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
  }

  /**
   * Returns for how long a secondary has lacked a part of the log, in milliseconds up to the last sample. The lag is 0 if
   * the secondary lacks nothing, and Infinity if it lacks more than the samples cover.
   *
   * The lag grows only while samples arrive. While the primary is unavailable, the lag does not change.
   *
   * @param replayed the position up to which the secondary has replayed the log
   */
  lagMs(replayed: WalPosition): number {
    const firstMissing = this.samples.findLastIndex(({ position }) => position <= replayed) + 1;
    if (firstMissing === this.samples.length) return 0;
    return firstMissing === 0 ? Infinity : this.lastSampleAtMs - this.samples[firstMissing]!.atMs;
  }
}
