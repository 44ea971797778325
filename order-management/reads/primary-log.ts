import type { WalPosition } from '@shop/prisma/wal-position';

const PAGE = 8_192n;
const KEPT = 14_400; // an hour, at four a second

/** Where the primary's log stood when: what tells how old that is which a secondary has not yet replayed. */
export class PrimaryLog {
  private seen: { position: WalPosition; atMs: number }[] = [];
  private heardAtMs = 0;

  /** Notes where the primary stands. @param atMs now, by a clock that only goes forward */
  note(position: WalPosition, atMs: number): void {
    this.heardAtMs = atMs;
    const last = this.seen.at(-1)?.position;
    // At the end of a page it may have stopped within a record, which nobody can replay before the rest of it comes.
    if (position === last || position % PAGE === 0n) return;
    if (last !== undefined && position < last) this.seen = []; // another is the primary now, which had not got as far
    this.seen.push({ position, atMs });
    if (this.seen.length > KEPT) this.seen.shift();
  }

  /**
   * How long before the primary was last heard of it had written what comes after a position: 0 where nothing is known
   * to, Infinity where nobody remembers. So nobody is behind a primary that writes nothing, and none gets further behind
   * one that is away.
   */
  lagMs(replayed: WalPosition): number {
    const missing = this.seen.findLastIndex(({ position }) => position <= replayed) + 1;
    if (missing === this.seen.length) return 0;
    return missing === 0 ? Infinity : this.heardAtMs - this.seen[missing]!.atMs;
  }
}
