import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('order-placement');

/** The longest text of a statement in a span. A list of ids may make a statement much longer. */
const MAX_TEXT = 2_000;

/**
 * Runs a statement in a span of its own, with the text of the statement but without its parameters.
 *
 * Only a span that is recorded and has not ended gets such a child: the statements of background work would otherwise be
 * traces of their own, or late children of the request that started the work.
 */
export function traceStatement<T>(sql: string, run: () => Promise<T>): Promise<T> {
  if (!trace.getActiveSpan()?.isRecording()) return run();
  const attributes = { 'db.system.name': 'postgresql', 'db.query.text': sql.slice(0, MAX_TEXT) };
  return tracer.startActiveSpan(summaryOf(sql), { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      return await run();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Summarizes a statement: its first keyword and the first table that it names, such as `UPDATE products`. */
export function summaryOf(sql: string): string {
  const text = sql.replaceAll(/\/\*.*?\*\//gs, ' ').replaceAll('"', '');
  const keyword = /\b[a-z]+\b/i.exec(text)?.[0].toUpperCase() ?? 'SQL';
  const table = /\b(?:from|into|update(?!\s+set\b)|join)\s+(?:\w+\.)?(\w+)\b(?!\()/i.exec(text)?.[1];
  return table === undefined ? keyword : `${keyword} ${table}`;
}
