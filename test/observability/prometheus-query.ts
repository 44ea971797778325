/** A series of a query's result, with its value at the time of the query. */
export interface Sample {
  metric: Record<string, string>;
  value: number;
}

interface QueryResponse {
  status: 'success' | 'error';
  error?: string;
  data?: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
}

/**
 * Evaluates a query at a Prometheus.
 *
 * @throws {Error} if Prometheus reports an error
 */
export async function query(prometheusUrl: string, expression: string): Promise<Sample[]> {
  const body = new URLSearchParams({ query: expression });
  const response = await fetch(`${prometheusUrl}/api/v1/query`, { method: 'POST', body });
  const { status, error, data } = (await response.json()) as QueryResponse;
  if (status === 'error' || data === undefined) throw new Error(`${expression}: ${error}`);
  if (data.resultType !== 'vector') return [];
  return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
}
