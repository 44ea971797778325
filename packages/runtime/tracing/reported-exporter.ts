import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../log';

/** Logs when spans can no longer be sent, and when they can be sent again. Without it, each batch would log a failure. */
export class ReportedExporter implements SpanExporter {
  private failing = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly log: Logger,
  ) {}

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    this.exporter.export(spans, (result) => {
      this.report(result);
      resultCallback({ code: ExportResultCode.SUCCESS }); // the failure is reported
    });
  }

  async shutdown(): Promise<void> {
    await this.exporter.shutdown();
  }

  private report({ code, error }: ExportResult): void {
    const failed = code === ExportResultCode.FAILED;
    if (failed === this.failing) return;
    this.failing = failed;
    if (failed) this.log.warn({ err: error }, 'spans cannot be sent and are dropped');
    else this.log.info('spans are sent again');
  }
}
