import { RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Generates random ids, except for spans whose id was chosen before. */
export class SpanIds extends RandomIdGenerator {
  private chosen: string | null = null;

  constructor() {
    super();
    const random = this.generateSpanId;
    this.generateSpanId = () => this.chosen ?? random();
  }

  /** Gives this id to the span that the function starts. */
  use<T>(spanId: string, start: () => T): T {
    this.chosen = spanId;
    try {
      return start();
    } finally {
      this.chosen = null;
    }
  }
}
