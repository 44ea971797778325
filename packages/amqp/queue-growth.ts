const LIMITS = {
  samples: 4,
  intervalMs: 10_000, // with four samples, a queue must grow for at least 30 seconds
  messages: 100, // what one consumer may hold: a shorter queue is a short burst
};

/**
 * Detects that a queue keeps growing. Nothing runs in the background: a call starts the next count, and does not wait
 * for it, because RabbitMQ does not answer on a connection whose publishers it blocks.
 */
export class QueueGrowth {
  private samples: number[] = [];
  private countedAtMs = -Infinity;

  /**
   * @param count counts the messages that wait in the queue
   * @param now a monotonic clock in milliseconds
   */
  constructor(
    private readonly count: () => Promise<number>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Returns how many messages wait if their number grew in each of the last counts; otherwise null. */
  observe(): number | null {
    if (this.now() - this.countedAtMs >= LIMITS.intervalMs) void this.sample();
    const { samples } = this;
    const [first = 0] = samples;
    const last = samples.at(-1) ?? 0;
    const grows = samples.every((messages, index) => index === 0 || messages > (samples[index - 1] ?? 0));
    return samples.length === LIMITS.samples && grows && last - first >= LIMITS.messages ? last : null;
  }

  private async sample(): Promise<void> {
    this.countedAtMs = this.now();
    try {
      this.samples = [...this.samples, await this.count()].slice(-LIMITS.samples);
    } catch {
      this.samples = []; // the broker is unavailable, which the consumer reports
    }
  }
}
