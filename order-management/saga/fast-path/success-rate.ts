import { FAST_PATH } from './options';

/** The weight of the latest result in the moving average: it forgets most of what is older than 20 results. */
const WEIGHT = 1 / 20;

/** Decides whether a wait is worth its cost, by the share of recent waits that ended in time. */
export class SuccessRate {
  private rate = 1;
  private waits = 0;

  /** @param least share of waits in time below which only one wait in `FAST_PATH.probeEvery` is made */
  constructor(private readonly least: number) {}

  /** Returns whether the next wait is worth it. The caller then reports the result by `record`. */
  isWorthWaiting(): boolean {
    return this.waits++ % FAST_PATH.probeEvery === 0 || this.rate >= this.least;
  }

  record(inTime: boolean): void {
    this.rate += (Number(inTime) - this.rate) * WEIGHT;
  }
}
