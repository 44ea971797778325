import { context, SpanStatusCode, trace, type Context, type Span, type SpanOptions } from '@opentelemetry/api';

/** Creates the spans of this system's own code. They do nothing while tracing is off. */
export const tracer = trace.getTracer('order-placement');

/**
 * Runs a function in a span, which ends when the promise settles. An error is recorded and thrown again.
 *
 * @param options `parent` contains the parent of the span, by default the active one
 */
export function inSpan<T>(
  name: string,
  { parent = context.active(), ...options }: SpanOptions & { parent?: Context },
  run: () => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, options, parent, async (span) => {
    try {
      return await run();
    } catch (error) {
      recordFailure(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Marks a span as failed. */
export function recordFailure(span: Span | undefined, error: unknown): void {
  const { message } = error instanceof Error ? error : { message: String(error) };
  span?.recordException({ name: error instanceof Error ? error.name : 'Error', message });
  span?.setStatus({ code: SpanStatusCode.ERROR, message });
}
