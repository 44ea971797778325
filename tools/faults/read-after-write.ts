const REQUEST_TIMEOUT_MS = 10_000;
const OUTAGE_STATUSES = [502, 503, 504];

/** Reads orders right after they were written, with the consistency token of the write. */
export class ReadAfterWrite {
  /** The number of reads that were answered. */
  answered = 0;
  /** The number of answered reads that carried a token. */
  withToken = 0;
  /** One line per order that a read did not find. */
  readonly stale: string[] = [];
  /** One line per response that no client should receive. */
  readonly unexpectedResponses: string[] = [];

  /**
   * @param api the address at which any instance may answer
   * @param parallelReads the number of simultaneous reads after a write
   * @param onResponse receives the status of each response; null if there was none
   */
  constructor(
    private readonly api: string,
    private readonly parallelReads: number,
    private readonly onResponse: (status: number | null) => void,
  ) {}

  /** Reads an order that exists. */
  async read(orderId: string, token: string | null): Promise<void> {
    await Promise.all(Array.from({ length: this.parallelReads }, () => this.readOnce(orderId, token)));
  }

  private async readOnce(orderId: string, token: string | null): Promise<void> {
    try {
      const { status } = await fetch(`${this.api}/order/${orderId}`, {
        headers: token === null ? {} : { 'Consistency-Token': token },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      this.onResponse(status);
      if (status >= 500) {
        if (!OUTAGE_STATUSES.includes(status))
          this.unexpectedResponses.push(`GET /order/${orderId} answered ${status}`);
        return;
      }
      this.answered++;
      if (token !== null) this.withToken++;
      if (status !== 200) this.stale.push(`order ${orderId} answered ${status} right after its 201`);
    } catch {
      this.onResponse(null);
    }
  }
}
