/** How a message comes out. Whoever waits for it may give up, and leaves nothing behind. */
export class Confirmation {
  private readonly waiting = new Set<() => void>();
  private outcome: { error: Error | null } | null = null;

  /** @param onUnheard hears how it came out where by then nobody waits */
  constructor(private readonly onUnheard?: (error: Error | null) => void) {}

  get isSettled(): boolean {
    return this.outcome !== null;
  }

  /** Says how it came out, once: null is well. */
  settle(error: Error | null): void {
    this.outcome ??= { error };
    if (this.waiting.size === 0) this.onUnheard?.(error);
    for (const goOn of this.waiting) goOn();
  }

  /** Waits until it is known how the message came out. @throws what went wrong, or `tooLate` */
  async within(ms: number, tooLate: () => Error): Promise<void> {
    if (!this.outcome) await this.settledOrPast(ms);
    if (!this.outcome) throw tooLate();
    if (this.outcome.error) throw this.outcome.error;
  }

  private async settledOrPast(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        clearTimeout(timer);
        this.waiting.delete(goOn);
        resolve();
      };
      const timer = setTimeout(goOn, ms);
      this.waiting.add(goOn);
    });
  }
}
