/** One series of a scrape. A histogram has series for its buckets, its sum and its count. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A scrape in the text format of Prometheus. */
export class PrometheusText {
  /** The type of each metric. */
  readonly types = new Map<string, string>();
  readonly series: Series[] = [];

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const [, metric, type = ''] = /^# TYPE (\w+) (\w+)$/.exec(line) ?? [];
      if (metric !== undefined) this.types.set(metric, type);
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name !== undefined) this.series.push({ name, labels: labelsOf(labels), value: Number(value) });
    }
  }

  /** Returns the value of the only series with this name and these labels; null if there is none. */
  value(name: string, labels: Record<string, string> = {}): number | null {
    const found = this.series.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    );
    if (found.length > 1) throw new Error(`${found.length} series are named ${name}`);
    return found[0]?.value ?? null;
  }

  /** Returns the sets of labels of each metric. The buckets of a histogram count as one. */
  labelSets(): Map<string, Record<string, string>[]> {
    const sets = new Map<string, Map<string, Record<string, string>>>();
    for (const { name, labels } of this.series) {
      const metric = this.types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
      const { le: _, ...others } = labels;
      const ofMetric = sets.get(metric) ?? new Map<string, Record<string, string>>();
      sets.set(metric, ofMetric.set(JSON.stringify(others), others));
    }
    return new Map([...sets].map(([metric, ofMetric]) => [metric, [...ofMetric.values()]]));
  }
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, label = '', value = '']) => [label, value] as const),
  );
