/** What clients got while something happened. */
export interface Figures {
  requests: number;
  /** Answers of 500 and above. */
  failed: number;
  /** Connections refused or reset, and answers that did not come in time. */
  unanswered: number;
  /** The longest time in which nobody got a good answer. */
  longestGapMs: number;
}

/** Counts answers from one look to the next. */
export class Answers {
  private figures: Figures = none();
  private lastGood = Date.now();

  /** @param status null where there was no answer */
  hear(status: number | null): void {
    this.figures.requests++;
    if (status === null) this.figures.unanswered++;
    else if (status >= 500) this.figures.failed++;
    else this.endGap();
  }

  /** What has come since the last look. */
  look(): Figures {
    const { figures } = this;
    figures.longestGapMs = Math.max(figures.longestGapMs, Date.now() - this.lastGood);
    this.figures = none();
    this.lastGood = Date.now();
    return figures;
  }

  private endGap(): void {
    const now = Date.now();
    this.figures.longestGapMs = Math.max(this.figures.longestGapMs, now - this.lastGood);
    this.lastGood = now;
  }
}

const none = (): Figures => ({ requests: 0, failed: 0, unanswered: 0, longestGapMs: 0 });

export const inWords = ({ requests, failed, unanswered, longestGapMs }: Figures): string =>
  `${requests} requests, ${failed} answered 5xx, ${unanswered} unanswered, longest gap ${longestGapMs} ms`;
