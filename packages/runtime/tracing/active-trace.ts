import { isSpanContextValid, trace, TraceFlags } from '@opentelemetry/api';

/** Returns the fields that connect a log line to its trace; none outside of a trace. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const active = trace.getActiveSpan()?.spanContext();
  return active && isSpanContextValid(active) ? { trace_id: active.traceId, span_id: active.spanId } : {};
}

/** Returns the id of the active trace; null if there is none, or if it is not sampled and therefore is sent nowhere. */
export function sampledTraceId(): string | null {
  const active = trace.getActiveSpan()?.spanContext();
  if (!active || !isSpanContextValid(active)) return null;
  return active.traceFlags & TraceFlags.SAMPLED ? active.traceId : null;
}
