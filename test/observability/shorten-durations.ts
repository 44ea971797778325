const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /(\d+)([smhd])/;

const shorter = (text: string, factor: number): string => {
  const [, count, unit] = DURATION.exec(text)!;
  return `${Math.ceil((Number(count) * UNITS[unit as keyof typeof UNITS]) / factor)}ms`;
};

/**
 * Divides the durations in a file with rules, or in the route of an Alertmanager, so that a test need not wait for hours.
 * Durations are values such as `5m`, and windows in queries such as `[5m]`. Ages that a query compares are not changed.
 */
export function shortenDurations(value: unknown, factor: number): unknown {
  if (typeof value === 'string') {
    if (/^\d+[smhd]$/.test(value)) return shorter(value, factor);
    return value.replaceAll(/\[\d+[smhd]\]/g, (window) => `[${shorter(window, factor)}]`);
  }
  if (Array.isArray(value)) return value.map((one) => shortenDurations(one, factor));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shortenDurations(one, factor)]));
}
