import { propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client';
import { OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry/lib/worker';
import pTimeout from 'p-timeout';
import type { Logger } from '../log';
import { recordFailure, tracer } from './in-span';
import { ReportedExporter } from './reported-exporter';
import { SpanIds } from './span-ids';
import type { Tracing } from './tracing';

/** How long a stop waits until the last spans are sent. */
const FLUSH_MS = 2_000;

/** Traces calls of Temporal, except the checks of sagas that the sweeper makes: each would be a trace of its own. */
class ClientInterceptor extends OpenTelemetryWorkflowClientInterceptor {
  override describe(...[input, next]: Parameters<OpenTelemetryWorkflowClientInterceptor['describe']>) {
    return next(input);
  }
}

/** A span of a workflow. Workflow code chooses its id, and passes it to the steps before the span ends. */
export interface WorkflowSpan {
  name: string;
  spanId: string;
  /** The context of the caller, in the format of W3C Trace Context. */
  caller: { traceparent: string; tracestate?: string };
  startedAtMs: number;
  signals: { name: string; atMs: number }[];
  attributes: Record<string, string>;
  /** Null if the workflow has completed. */
  failure: string | null;
}

/**
 * Starts OpenTelemetry's SDK, which reads the variables OTEL_* itself. This is the only file that imports the SDK. The
 * unavailability of the collector has no effect but a log line: at most 2,048 spans wait, and further ones are dropped.
 */
export function openTracing(service: string, log: Logger): Tracing {
  const spanIds = new SpanIds();
  const provider = new BasicTracerProvider({
    idGenerator: spanIds,
    resource: Resource.default()
      .merge(new Resource({ 'service.name': service }))
      .merge(detectResourcesSync({ detectors: [envDetectorSync] })),
    spanProcessors: [new BatchSpanProcessor(new ReportedExporter(new OTLPTraceExporter(), log))],
  });
  provider.register({
    contextManager: new AsyncLocalStorageContextManager().enable(),
    propagator: new W3CTraceContextPropagator(),
  });

  /** Sinks run when their workflow task ends, so the current time is the time of the end. */
  const recordWorkflow = (span: WorkflowSpan): void => {
    const parent = propagation.extract(ROOT_CONTEXT, span.caller);
    const { name, spanId, startedAtMs: startTime, attributes } = span;
    const recorded = spanIds.use(spanId, () => tracer.startSpan(name, { startTime, attributes }, parent));
    for (const { name: signal, atMs } of span.signals) recorded.addEvent(signal, atMs);
    if (span.failure !== null) recordFailure(recorded, span.failure);
    recorded.end();
  };

  return {
    name: 'tracing',
    stop: async () => {
      await pTimeout(provider.shutdown(), { milliseconds: FLUSH_MS, fallback: () => undefined });
    },
    temporal: {
      client: { interceptors: { workflow: [new ClientInterceptor()] } },
      worker: {
        interceptors: { activity: [(info) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(info) })] },
        sinks: { tracing: { workflowEnded: { fn: (_info, span: WorkflowSpan) => recordWorkflow(span) } } },
      },
    },
  };
}
