/**
 * The broker's answer to a published message: confirmed, or an error.
 *
 * Not a promise, because a promise keeps a reaction for each caller until it settles, even for callers that timed out. While
 * RabbitMQ blocks publishers, callers time out and retry for hours.
 */
export class Confirmation {
  private readonly waiting = new Set<() => void>();
  private outcome: { error: Error | null } | null = null;

  /** @param onUnobserved receives the outcome if no caller waits when the message is settled */
  constructor(private readonly onUnobserved?: (error: Error | null) => void) {}

  get isSettled(): boolean {
    return this.outcome !== null;
  }

  /** Records the outcome; null means confirmed. Later calls change nothing. */
  settle(error: Error | null): void {
    this.outcome ??= { error };
    if (this.waiting.size === 0) this.onUnobserved?.(error);
    for (const notify of this.waiting) notify();
  }

  /**
   * Waits until the message is confirmed.
   *
   * @throws the recorded error, or the result of `timeoutError` after `timeoutMs`
   */
  async wait(timeoutMs: number, timeoutError: () => Error): Promise<void> {
    if (!this.outcome) await this.settledOrTimeout(timeoutMs);
    if (!this.outcome) throw timeoutError();
    if (this.outcome.error) throw this.outcome.error;
  }

  private async settledOrTimeout(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const notify = (): void => {
        clearTimeout(timer);
        this.waiting.delete(notify);
        resolve();
      };
      const timer = setTimeout(notify, timeoutMs);
      this.waiting.add(notify);
    });
  }
}
