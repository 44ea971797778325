/** Grafana replaces this by a window that fits the interval of the scrapes and the width of a panel. */
const WINDOW = '[$__rate_interval]';

/** The increase per second of a counter. @param labels by which to sum */
export const perSecond = (counter: string, ...labels: string[]): string =>
  `${sumBy(labels)}(rate(${counter}${WINDOW}))`;

/** The queries for the quantiles of a histogram, by legend. @param quantiles in percent */
export const quantiles = (histogram: string, ...percents: number[]): Record<string, string> =>
  Object.fromEntries(percents.map((percent) => [`p${percent}`, quantile(percent, histogram)]));

/** A quantile of a histogram. @param labels by which to distinguish */
export function quantile(percent: number, histogram: string, ...labels: string[]): string {
  const [, name = '', selector = ''] = /^(\w+)(.*)$/.exec(histogram) ?? [];
  return `histogram_quantile(${percent / 100}, ${perSecond(`${name}_bucket${selector}`, 'le', ...labels)})`;
}

const sumBy = (labels: string[]): string => (labels.length > 0 ? `sum by (${labels.join(', ')}) ` : 'sum');
