import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { parse } from 'protobufjs';
import type { Span } from './span';

/** The part of OTLP that the tests read: https://github.com/open-telemetry/opentelemetry-proto */
const OTLP = parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
    repeated KeyValue attributes = 9; Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`).root.lookupType('Request');

interface KeyValue {
  key: string;
  value?: { stringValue?: string; boolValue?: boolean; intValue?: number; doubleValue?: number };
}

interface Request {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: ReceivedSpan[] }[] }[];
}

interface ReceivedSpan {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId: Uint8Array;
  name: string;
  attributes: KeyValue[];
  status: { code: number } | null;
}

const STATUS_ERROR = 2;

/** Receives spans by OTLP over HTTP, in place of a collector. */
export class TraceCollector {
  readonly spans: Span[] = [];
  /** How many requests it received, and the headers of the last one. */
  requests = 0;
  headers: NodeJS.Dict<string | string[]> = {};
  private readonly server: Server = createServer((request, response) => void this.receive(request, response));

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector();
    await new Promise<void>((resolve) => collector.server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    this.headers = request.headers;
    this.spans.push(...spansIn(await buffer(request)));
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function spansIn(body: Buffer): Span[] {
  const { resourceSpans } = OTLP.toObject(OTLP.decode(body), { longs: Number, arrays: true }) as Request;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = attributesOf(resource.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, attributes, status }) => ({
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentId: hex(parentSpanId),
        service,
        name,
        attributes: attributesOf(attributes),
        failed: status?.code === STATUS_ERROR,
      })),
    );
  });
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

const attributesOf = (attributes: KeyValue[]): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value = {} }) => [key, String(Object.values(value)[0] ?? '')]));
