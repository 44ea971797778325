import type { Headers, Payload } from '@temporalio/common';
import { proxySinks, workflowInfo, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { payloadConverter } from './payload-converter';

/** The header in which `@temporalio/interceptors-opentelemetry` carries the context of a trace. */
const HEADER = '_tracer-data';
/** W3C Trace Context: version, trace id, parent id, flags; https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;
const MAX_TRACESTATE_LENGTH = 512;
const MAX_SIGNALS = 100;

/** The context of a caller, in the format of W3C Trace Context. */
interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

interface TracingSinks extends Sinks {
  tracing: {
    workflowEnded(span: {
      name: string;
      spanId: string;
      caller: TraceContext;
      startedAtMs: number;
      signals: { name: string; atMs: number }[];
      attributes: Record<string, string>;
      failure: string | null;
    }): void;
  };
}

const { tracing } = proxySinks<TracingSinks>();

/**
 * Continues the trace of the caller that started the workflow: passes its context to each activity and child workflow, and
 * reports one span for the workflow when it ends. Only the bundles for workers that trace contain it.
 *
 * It issues no command, draws no random number and creates one promise per workflow, so that a history replays with it and
 * without it, and its cost is small. `docs/decisions/0056-tracing.md` compares it with the interceptor of the SDK.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let added: Headers = {};
  const signals: { name: string; atMs: number }[] = [];
  const withContext = <I extends { headers: Headers }, R>(input: I, next: (input: I) => R): R =>
    next({ ...input, headers: { ...input.headers, ...added } });
  return {
    inbound: [
      {
        execute(input, next) {
          const caller = readContext(input.headers[HEADER]);
          if (!caller) return next(input);
          const { workflowType, workflowId, runId, startTime } = workflowInfo();
          const [, traceId, flags] = TRACEPARENT.exec(caller.traceparent)!;
          if ((parseInt(flags!, 16) & 1) === 0) {
            added = { [HEADER]: input.headers[HEADER]! }; // not sampled: nothing is recorded anywhere
            return next(input);
          }
          const spanId = runId.replaceAll('-', '').slice(-16); // the same in each replay
          added = {
            [HEADER]: payloadConverter.toPayload({ ...caller, traceparent: `00-${traceId}-${spanId}-${flags}` }),
          };
          const end = (failure: string | null): void =>
            tracing.workflowEnded({
              name: `RunWorkflow:${workflowType}`, // like the names of the activities' spans
              spanId,
              caller,
              startedAtMs: startTime.getTime(),
              signals,
              attributes: { temporalWorkflowId: workflowId, run_id: runId },
              failure,
            });
          const result = next(input);
          void result.then(
            () => end(null),
            (error: unknown) => end(String(error)),
          );
          return result;
        },
        handleSignal(input, next) {
          if (signals.length < MAX_SIGNALS) signals.push({ name: input.signalName, atMs: Date.now() });
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: withContext,
        scheduleLocalActivity: withContext,
        startChildWorkflowExecution: withContext,
      },
    ],
  };
};

/** Reads the context of a trace. Any client of Temporal can set the header, to anything. */
function readContext(payload: Payload | undefined): TraceContext | null {
  const value = payload && payloadConverter.fromPayload<Partial<Record<string, unknown>> | null | undefined>(payload);
  const { traceparent, tracestate } = value ?? {};
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return null;
  const isUsable = typeof tracestate === 'string' && tracestate.length <= MAX_TRACESTATE_LENGTH;
  return isUsable ? { traceparent, tracestate } : { traceparent };
}
