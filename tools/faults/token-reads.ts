/** Reads orders right after they were written, with the token that the write was answered with. */
export class TokenReads {
  /** Reads that had an answer. */
  tries = 0;
  /** Those whose write had a token. */
  withToken = 0;
  /** Orders that were not there, a line each. */
  readonly stale: string[] = [];
  /** Answers that should never be, a line each. */
  readonly wrong: string[] = [];

  /**
   * @param api where any instance may answer
   * @param atOnce how many reads follow a write, at the same time
   * @param onAnswer hears of each answer by its status; of none where there was none
   */
  constructor(
    private readonly api: string,
    private readonly atOnce: number,
    private readonly onAnswer: (status: number | null) => void,
  ) {}

  /** Reads an order of which its writer knows that it is there. */
  async read(orderId: string, token: string | null): Promise<void> {
    await Promise.all(Array.from({ length: this.atOnce }, () => this.readOnce(orderId, token)));
  }

  private async readOnce(orderId: string, token: string | null): Promise<void> {
    try {
      const { status } = await fetch(`${this.api}/order/${orderId}`, {
        headers: token === null ? {} : { 'Consistency-Token': token },
        signal: AbortSignal.timeout(10_000),
      });
      this.onAnswer(status);
      if (status >= 500) {
        if (![502, 503, 504].includes(status)) this.wrong.push(`reading order ${orderId} answered ${status}`);
        return;
      }
      this.tries++;
      if (token !== null) this.withToken++;
      if (status !== 200) this.stale.push(`order ${orderId} answered ${status} just after its 201`);
    } catch {
      this.onAnswer(null);
    }
  }
}
