import type { OpenApiDocument, Parameter } from '@shop/runtime/openapi';
import type { JsonSchema } from '@shop/runtime/schema-components';
import * as fc from 'fast-check';
import { hostileText, hostileValue, ODD_BODIES } from '../hostile-requests';
import { readOpenApi } from './documents';
import { allOperations, targetOf, type DescribedOperation, type ServiceRequest } from './requests';

// Requests that are generated from the OpenAPI documents: valid ones, and ones with a few faults.

/** Ids of customers, products and orders that exist. */
export type KnownIds = string[];

export interface FuzzRequest {
  operation: DescribedOperation;
  request: ServiceRequest;
}

/** A wait or a stream keeps a connection busy, so they are less frequent than other requests, and waits are short. */
const WAITS = ['0s', '1ms', '50ms', '100ms', '-1s', '1', 's', '', '99999999s'];

/** @param knownIds so that requests find something */
export function fuzzRequest(knownIds: KnownIds): fc.Arbitrary<FuzzRequest> {
  const weighted = allOperations().map((operation) => ({
    weight: isStream(operation) ? 1 : operation.method === 'DELETE' ? 2 : 12, // other requests need what remains
    arbitrary: new RequestsOf(operation, knownIds).arbitrary(),
  }));
  return fc.oneof(...weighted);
}

const isStream = ({ operation }: DescribedOperation): boolean =>
  Object.values(operation.responses).some((one) => 'content' in one && one.content?.['text/event-stream']);

class RequestsOf {
  private readonly document: OpenApiDocument;

  constructor(
    private readonly described: DescribedOperation,
    private readonly knownIds: KnownIds,
  ) {
    this.document = readOpenApi(described.service);
  }

  arbitrary(): fc.Arbitrary<FuzzRequest> {
    const { method, path } = this.described;
    return fc
      .record({ parts: this.pathValues(), query: this.query(), headers: this.headers(), body: this.body() })
      .map(({ parts, query, headers, body }) => ({
        operation: this.described,
        request: { method, target: targetOf(path, parts, query), headers, ...(body !== null && { body }) },
      }));
  }

  private pathValues(): fc.Arbitrary<[string, string][]> {
    const values = this.parametersIn('path').map((parameter) =>
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...this.knownIds) },
        { weight: 2, arbitrary: this.valueOf(parameter) },
        { weight: 1, arbitrary: hostileText.map((text) => text || '7') },
      ),
    );
    return this.named(this.parametersIn('path'), values);
  }

  private query(): fc.Arbitrary<[string, string][]> {
    const parameters = this.parametersIn('query');
    const one = parameters.map((parameter) =>
      fc.tuple(
        fc.constant(parameter.name),
        parameter.name === 'wait' ? fc.constantFrom(...WAITS) : this.anyValueOf(parameter),
      ),
    );
    const unknown = fc.tuple(fc.oneof(fc.constantFrom('__proto__', 'limit[]', 'x'), hostileText), hostileText);
    const some = one.length > 0 ? fc.array(fc.oneof(...one), { maxLength: 3 }) : fc.constant<[string, string][]>([]);
    const extra = fc.oneof({ weight: 14, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(unknown) });
    return fc.tuple(some, extra).map(([given, more]) => [...given, ...more].map(wellFormed));
  }

  private headers(): fc.Arbitrary<Record<string, string>> {
    const parameters = [
      ...this.parametersIn('header'),
      { name: 'X-Request-ID', schema: { type: 'string' } },
    ] as Parameter[];
    const one = parameters.map((parameter) => fc.tuple(fc.constant(parameter.name), this.anyValueOf(parameter)));
    return fc
      .array(fc.oneof(...one), { maxLength: 1 })
      .map((given) => Object.fromEntries(given.map(([name, value]) => [name, asHeader(value)])));
  }

  private body(): fc.Arbitrary<string | null> {
    const content = this.described.operation.requestBody?.content['application/json'];
    if (!content) return fc.constant(null);
    const valid = this.valid(content.schema);
    return fc.oneof(
      { weight: 6, arbitrary: valid.map((value) => JSON.stringify(value)) },
      { weight: 2, arbitrary: fc.constant(JSON.stringify(content.example ?? {})) },
      { weight: 4, arbitrary: fc.tuple(valid, fc.nat(), hostileValue).map(corrupt) },
      { weight: 1, arbitrary: hostileValue.map((value) => JSON.stringify(value)) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_BODIES.filter((body) => body.length < 10_000)) },
    );
  }

  private parametersIn(place: Parameter['in']): Parameter[] {
    return (this.described.operation.parameters ?? []).filter((parameter) => parameter.in === place);
  }

  private named(parameters: Parameter[], values: fc.Arbitrary<string>[]): fc.Arbitrary<[string, string][]> {
    return fc
      .tuple(...values)
      .map((texts) => texts.map((text, index): [string, string] => wellFormed([parameters[index]?.name ?? '', text])));
  }

  private anyValueOf(parameter: Parameter): fc.Arbitrary<string> {
    return fc.oneof({ weight: 4, arbitrary: this.valueOf(parameter) }, { weight: 1, arbitrary: hostileText });
  }

  /** The example of a parameter, a value that its schema allows, or a known id. */
  private valueOf({ schema, example }: Parameter): fc.Arbitrary<string> {
    const values = [this.valid(schema).map(textOf)];
    if (example !== undefined) values.push(fc.constant(textOf(example)));
    return fc.oneof(...values);
  }

  /** Generates values that a schema allows. */
  private valid(schema: JsonSchema): fc.Arbitrary<unknown> {
    const { $ref, anyOf, enum: values, const: only, type, format, pattern, examples } = schema as Keywords;
    if ($ref !== undefined) return this.valid(this.document.components.schemas[$ref.replace(/.*\//, '')] ?? {});
    if (anyOf) return fc.oneof(...anyOf.map((one) => this.valid(one)));
    if (values) return fc.constantFrom(...values);
    if (only !== undefined) return fc.constant(only);
    if (type === 'object') return this.object(schema);
    if (type === 'array') {
      const items = this.valid((schema['items'] ?? {}) as JsonSchema);
      return fc.array(items, { minLength: (schema['minItems'] as number | undefined) ?? 0, maxLength: 3 });
    }
    if (type === 'integer') return fc.oneof(fc.integer({ min: 1, max: 5 }), this.number(schema).map(Math.trunc));
    if (type === 'number') return this.number(schema);
    if (type === 'boolean') return fc.boolean();
    if (type === 'null') return fc.constant(null);
    if (format === 'uuid') return fc.oneof(fc.constantFrom(...this.knownIds), fc.uuid());
    if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    if (examples?.length) return fc.constantFrom(...examples);
    if (pattern !== undefined) return fc.oneof(matching(pattern), fc.constant('a@b.co'));
    return fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.constantFrom('Mug', '5', '2026-11-01', 'shipped'));
  }

  private object({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
    const fields = Object.entries(properties).map(([name, property]): [string, fc.Arbitrary<unknown>] => [
      name,
      this.valid(property),
    ]);
    return fc.record(Object.fromEntries(fields), { requiredKeys: required });
  }

  private number(schema: JsonSchema): fc.Arbitrary<number> {
    const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema as Record<string, number | undefined>;
    const [min, max] = [minimum ?? exclusiveMinimum ?? -1e6, maximum ?? exclusiveMaximum ?? 1e6];
    return fc.double({ min, max, noNaN: true }).map((value) => Math.round(value * 100) / 100);
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

interface Keywords {
  $ref?: string;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  type?: string;
  format?: string;
  pattern?: string;
  examples?: unknown[];
}

/** Generates texts of a pattern, or any text if fast-check does not support the pattern. */
function matching(pattern: string): fc.Arbitrary<string> {
  try {
    const arbitrary = fc.stringMatching(new RegExp(pattern));
    fc.sample(arbitrary, 1);
    return arbitrary;
  } catch {
    return fc.string();
  }
}

/** Replaces one field of a valid body by a hostile value, or removes it. */
function corrupt([valid, index, value]: [unknown, number, unknown]): string {
  const keys = Object.keys(valid as object);
  const key = keys[index % Math.max(1, keys.length)] ?? 'x';
  return JSON.stringify({ ...(valid as object), [key]: index % 5 === 0 ? undefined : value });
}

/** A URL cannot contain half of a surrogate pair. */
const wellFormed = ([name, value]: [string, string]): [string, string] => [
  Buffer.from(name).toString(),
  Buffer.from(value).toString().slice(0, 2_000),
];

/** fetch refuses a header with a character beyond Latin-1, or with a control character. */
const asHeader = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 2_000);
