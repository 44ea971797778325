import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, readEnvironment } from '../environment';
import { isTracingOn } from './tracing';
import { tracingSettings } from './tracing-settings';

const read = (environment: NodeJS.ProcessEnv) => readEnvironment(z.object(tracingSettings), environment);
const COLLECTOR = 'http://localhost:4318';

test.each<[NodeJS.ProcessEnv, boolean]>([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
  [{ OTEL_SERVICE_NAME: 'orders', OTEL_TRACES_SAMPLER: 'always_on' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${COLLECTOR}/v1/traces` }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: 'true' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: 'false' }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_TRACES_EXPORTER: 'none' }, false],
])('with %j, tracing is on: %j', (environment, isOn) => {
  expect(isTracingOn(read(environment))).toBe(isOn);
});

test.each<[NodeJS.ProcessEnv, string]>([
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'user:secret@collector:4318' },
    'config: OTEL_EXPORTER_OTLP_ENDPOINT is not the URL of a collector. Use, for example, http://localhost:4318.',
  ],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'config: OTEL_EXPORTER_OTLP_PROTOCOL="grpc" is not valid. Use one of http/protobuf.',
  ],
  [{ OTEL_TRACES_SAMPLER_ARG: '1%' }, 'config: OTEL_TRACES_SAMPLER_ARG="1%" is not a number from 0 to 1.'],
])('rejects %j', (environment, problem) => {
  expect(() => read(environment)).toThrow(new ConfigError(problem));
});
