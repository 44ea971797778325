import { context, propagation } from '@opentelemetry/api';
import type { Message } from 'amqplib';

/** The headers of W3C Trace Context, with what they may contain. A longer `tracestate` may be dropped. */
const TRACE_HEADERS = {
  traceparent: /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/,
  tracestate: /^[\x20-\x7e]{1,256}$/,
};

/** Returns the headers that connect a message to the active trace; none while tracing is off. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Returns the valid trace headers of a message. Any sender can set them, to anything. */
export function traceHeadersOf({ properties: { headers = {} } }: Pick<Message, 'properties'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(TRACE_HEADERS).flatMap(([name, format]) => {
      const value: unknown = headers[name];
      return typeof value === 'string' && format.test(value) ? [[name, value]] : [];
    }),
  );
}
