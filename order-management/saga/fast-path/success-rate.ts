import { FAST_PATH } from './options';

/** The weight of the latest result in the moving average. Results older than the last 20 have little weight. */
const WEIGHT = 1 / 20;

/** Decides by the share of recent waits that ended in time whether the next wait is worth its cost. */
export class SuccessRate {
  private rate = 1;
  private waits = 0;

  /** @param minShare minimum share of waits that end in time; below it, one wait in `FAST_PATH.probeEvery` is made */
  constructor(private readonly minShare: number) {}

  /** Returns whether the next wait is worth it. The caller then reports the result by `record`. */
  isWorthWaiting(): boolean {
    return this.waits++ % FAST_PATH.probeEvery === 0 || this.rate >= this.minShare;
  }

  record(inTime: boolean): void {
    this.rate += (Number(inTime) - this.rate) * WEIGHT;
  }
}
