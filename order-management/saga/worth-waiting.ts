const LOOK_AGAIN_EVERY = 20;

/** Whether to wait for what may come at once: not where it has lately come too late, but for one wait in twenty. */
export class WorthWaiting {
  private share = 1;
  private asked = 0;

  /** @param least the share of waits in time below which waiting costs more than it saves */
  constructor(private readonly least: number) {}

  /** Whether the next wait is worth it; how it ends, `tell` must hear. */
  isWorthIt(): boolean {
    return this.asked++ % LOOK_AGAIN_EVERY === 0 || this.share >= this.least;
  }

  tell(inTime: boolean): void {
    this.share += ((inTime ? 1 : 0) - this.share) / 20;
  }
}
