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
 * parents are sorted by name, and those of equal names are one line: on a slow machine, Temporal repeats a workflow task with
 * all its steps. A span whose parent is missing is marked, because the trace is then in pieces.
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
  const below = (parentIds: string[], indent: string): string[] => {
    const children = shown.filter((span) => parentIds.includes(parentOf(span)));
    return [...new Set(children.map(labelOf))].toSorted().flatMap((label) => {
      const ids = children.filter((span) => labelOf(span) === label).map(({ spanId }) => spanId);
      return [indent + label, ...below(ids, `${indent}  `)];
    });
  };
  const lost = shown.filter((span) => parentOf(span) !== '' && !known.has(parentOf(span)));
  return [...below([''], ''), ...lost.map((span) => `without its parent: ${labelOf(span)}`)];
}

const labelOf = ({ service, name }: Span): string => `${SHORT[service] ?? service}: ${name}`;
