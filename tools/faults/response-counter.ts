/** The responses that clients received during a period. */
export interface ResponseCounts {
  requests: number;
  /** Responses with a status of 500 or above. */
  failed: number;
  /** Requests without a response: refused or reset connections, and timeouts. */
  unanswered: number;
  /** The longest time in which no client received a response below 500. */
  longestGapMs: number;
}

/** Counts responses from one `take` to the next. */
export class ResponseCounter {
  private counts = noResponses();
  private lastSuccess = Date.now();

  /** @param status null if there was no response */
  record(status: number | null): void {
    this.counts.requests++;
    if (status === null) this.counts.unanswered++;
    else if (status >= 500) this.counts.failed++;
    else this.endGap();
  }

  /** Returns the counts since the last call, and starts a new period. */
  take(): ResponseCounts {
    this.endGap();
    const { counts } = this;
    this.counts = noResponses();
    return counts;
  }

  private endGap(): void {
    const now = Date.now();
    this.counts.longestGapMs = Math.max(this.counts.longestGapMs, now - this.lastSuccess);
    this.lastSuccess = now;
  }
}

const noResponses = (): ResponseCounts => ({ requests: 0, failed: 0, unanswered: 0, longestGapMs: 0 });

export const formatCounts = ({ requests, failed, unanswered, longestGapMs }: ResponseCounts): string =>
  `${requests} requests, ${failed} answered 5xx, ${unanswered} unanswered, longest gap ${longestGapMs} ms`;
