import { z } from 'zod';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** An address to which traces are sent. */
const endpoint = () =>
  z
    .string()
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
      error: 'is not the URL of a collector. Use, for example, http://localhost:4318.',
    })
    .optional();

/** One of the given words; unset by default. */
const word = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, { error: `is not valid. Use one of ${words.join(', ')}.` }).optional();

/**
 * The settings of tracing that a service checks. Their names are OpenTelemetry's, whose SDK reads these and others itself:
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const tracingSettings = {
  /** The address of a collector. Tracing is off unless this setting or the next one is set. */
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint(),
  OTEL_EXPORTER_OTLP_PROTOCOL: word(['http/protobuf']),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: word(['http/protobuf']),
  OTEL_TRACES_EXPORTER: word(['otlp', 'none']),
  OTEL_SDK_DISABLED: word(['true', 'false']),
  OTEL_TRACES_SAMPLER: word(SAMPLERS),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .refine((text) => /^(0|1|[01]?\.\d+)$/.test(text) && Number(text) <= 1, { error: 'is not a number from 0 to 1.' })
    .optional(),
};

export type TracingSettings = z.output<z.ZodObject<typeof tracingSettings>>;
