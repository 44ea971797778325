import { FAST_PATH } from './options';

/** Detects that several customers wait for their 201 concurrently. Load that lasts is not a rush. */
export class Rush {
  private accepting = 0;
  private beganAtMs = -Infinity;
  private seenAtMs = -Infinity;

  /** Accepts an order, and observes how many others are being accepted meanwhile. */
  async observe<T>(accept: () => Promise<T>): Promise<T> {
    this.accepting++;
    if (this.accepting >= FAST_PATH.rush.concurrentOrders) this.see();
    try {
      return await accept();
    } finally {
      this.accepting--;
    }
  }

  get isOn(): boolean {
    const now = performance.now();
    const { quietMs, longestMs } = FAST_PATH.rush;
    return now - this.seenAtMs <= quietMs && now - this.beganAtMs <= longestMs;
  }

  private see(): void {
    const now = performance.now();
    if (now - this.seenAtMs > FAST_PATH.rush.quietMs) this.beganAtMs = now;
    this.seenAtMs = now;
  }
}
