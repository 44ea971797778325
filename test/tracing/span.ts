/** A span as a test reads it, from whichever receiver. */
export interface Span {
  traceId: string;
  spanId: string;
  /** Empty for the root of a trace. */
  parentId: string;
  service: string;
  name: string;
  attributes: Record<string, string>;
  failed: boolean;
}

/** The services as they are named in `treeOf`. */
const SHORT: Record<string, string> = { 'order-management': 'orders', 'payment-processing': 'payments' };

/**
 * Draws the spans of one trace as a tree: a line `service: name` for each span, indented below its parent. Spans of equal
 * parents are sorted by name. A span whose parent is missing is marked, because the trace is then in pieces.
 *
 * @param leaveOut the names of the spans to leave out; their children take their place
 */
export function treeOf(spans: Span[], leaveOut: RegExp): string[] {
  const known = new Map(spans.map((span) => [span.spanId, span]));
  const parentOf = ({ parentId }: Span): string => {
    const parent = known.get(parentId);
    return parent && leaveOut.test(parent.name) ? parentOf(parent) : parentId;
  };
  const shown = spans.filter(({ name }) => !leaveOut.test(name));
  const below = (parentId: string, indent: string): string[] =>
    shown
      .filter((span) => parentOf(span) === parentId)
      .toSorted((a, b) => (labelOf(a) < labelOf(b) ? -1 : 1))
      .flatMap((span) => [indent + labelOf(span), ...below(span.spanId, `${indent}  `)]);
  const lost = shown.filter((span) => parentOf(span) !== '' && !known.has(parentOf(span)));
  return [...below('', ''), ...lost.map((span) => `without its parent: ${labelOf(span)}`)];
}

const labelOf = ({ service, name }: Span): string => `${SHORT[service] ?? service}: ${name}`;
