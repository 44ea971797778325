import type { ClientOptions } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { Part } from '../lifecycle';
import type { Logger } from '../log';
import type * as Sdk from './tracing-sdk';
import type { TracingSettings } from './tracing-settings';

/** What a client and a worker of Temporal need to continue traces. */
export interface TemporalTracing {
  client: Required<Pick<ClientOptions, 'interceptors'>>;
  worker: Required<Pick<WorkerOptions, 'interceptors' | 'sinks'>>;
}

/** The tracing of a process. Stopping it sends the spans that have not been sent yet. */
export interface Tracing extends Part {
  temporal: TemporalTracing;
}

/** Returns whether traces are sent: if the address of a collector is set, and tracing is not disabled. */
export const isTracingOn = (settings: TracingSettings): boolean =>
  Boolean(settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) &&
  settings.OTEL_TRACES_EXPORTER !== 'none' &&
  settings.OTEL_SDK_DISABLED !== 'true';

/**
 * Starts to trace, if tracing is on. Only then is OpenTelemetry's SDK loaded; without it, the spans of its API do nothing.
 * Call it once per process.
 *
 * @param service the name of the service in the traces, unless OTEL_SERVICE_NAME sets another
 */
export function startTracing(service: string, settings: TracingSettings, log: Logger): Tracing | null {
  if (!isTracingOn(settings)) return null;
  const { openTracing } = require('./tracing-sdk') as typeof Sdk;
  return openTracing(service, log);
}
