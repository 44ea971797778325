import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { methodLabel } from '../metrics';
import { tracer } from './in-span';

/**
 * Opens the span of a request, which continues the client's trace if the header `traceparent` names one. It ends when the
 * response is sent, or when the client disconnects.
 */
export const traceRequest: RequestHandler = (request, response, next) => {
  const parent = propagation.extract(ROOT_CONTEXT, request.headers);
  const method = methodLabel(request.method);
  const prefix = request.baseUrl;
  const attributes = { 'http.request.method': method, 'url.path': request.originalUrl.replace(/\?.*/s, '') };
  const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
  if (span.isRecording()) {
    response.once('close', () => {
      const route = request.route as { path: string } | undefined;
      if (route) span.updateName(`${method} ${prefix}${route.path}`).setAttribute('http.route', prefix + route.path);
      if (response.headersSent) span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
  }
  context.with(trace.setSpan(parent, span), next);
};
