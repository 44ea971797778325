import { FAST_PATH } from './options';

/** Detects a rush: a short time in which several customers wait for their 201 concurrently. */
export class Rush {
  private accepting = 0;
  private beganAtMs = -Infinity;
  private renewedAtMs = -Infinity;

  /** Accepts an order, and counts the orders that are being accepted concurrently. */
  async observe<T>(accept: () => Promise<T>): Promise<T> {
    this.accepting++;
    if (this.accepting >= FAST_PATH.rush.concurrentOrders) this.renew();
    try {
      return await accept();
    } finally {
      this.accepting--;
    }
  }

  get isOn(): boolean {
    const now = performance.now();
    const { quietMs, maxMs } = FAST_PATH.rush;
    return now - this.renewedAtMs <= quietMs && now - this.beganAtMs <= maxMs;
  }

  private renew(): void {
    const now = performance.now();
    if (now - this.renewedAtMs > FAST_PATH.rush.quietMs) this.beganAtMs = now;
    this.renewedAtMs = now;
  }
}
