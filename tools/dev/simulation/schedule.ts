/** At most as many orders as are due in this time are placed together, for example after the computer was suspended. */
const MAX_BURST_MS = 1_000;

/**
 * An open loop: determines how many orders are due at a constant rate, however long their responses take.
 */
export class Schedule {
  private startedAtMs = 0;
  private taken = 0;

  /** @param perSecond the orders per second */
  constructor(
    private readonly perSecond: number,
    nowMs: number,
  ) {
    this.restart(nowMs);
  }

  /** Begins again: an order is due now, and nothing that was due before. */
  restart(nowMs: number): void {
    this.startedAtMs = nowMs;
    this.taken = 0;
  }

  /** Returns how many orders became due since the last call. */
  take(nowMs: number): number {
    const due = Math.floor(((nowMs - this.startedAtMs) * this.perSecond) / 1_000) + 1 - this.taken;
    if (due > 1 && due > (this.perSecond * MAX_BURST_MS) / 1_000) {
      this.restart(nowMs);
      return this.take(nowMs);
    }
    this.taken += due;
    return due;
  }
}
