/** Returns the values of a metric with one label, by that label, from the text that a service exposes for Prometheus. */
export function valuesByLabel(metrics: string, name: string): Map<string, number> {
  const lines = metrics.matchAll(new RegExp(`^${name}\\{\\w+="([^"]*)"\\} (\\S+)$`, 'gm'));
  return new Map(Array.from(lines, ([, label, value]) => [label!, Number(value)]));
}

/** Returns the sum of a metric's values over all its labels. */
export function sumOf(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'));
  return Array.from(lines, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}
