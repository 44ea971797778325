/** The values of a metric that has one label, by that, in what a service tells Prometheus. */
export function byLabel(metrics: string, name: string): Map<string, number> {
  const lines = metrics.matchAll(new RegExp(`^${name}\\{\\w+="([^"]*)"\\} (\\S+)$`, 'gm'));
  return new Map(Array.from(lines, ([, label, value]) => [label!, Number(value)]));
}

/** The sum of a metric's values over all its labels. */
export function sumOf(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'));
  return Array.from(lines, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}
