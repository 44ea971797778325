import { candidates } from '../candidates/candidates';
import { burstName } from '../load/scenarios';
import { summaryOf, type Result } from '../measurement/results';
import type { Summary } from '../measurement/statistics';

// Sizes in pixels.
const WIDTH = 760;
const LEFT = 210;
const RIGHT = 70;
const ROW = 44;
const BAR = 15;
const TOP = 56;

const SERIES = [
  { label: 'accepted/s', colour: '#9db8d9', metric: (result: Result) => result.acceptedPerSecond },
  { label: 'settled/s', colour: '#2f5f98', metric: (result: Result) => result.settledPerSecond },
];

/** Draws the burst over 16 connections as an SVG bar chart; whiskers show the minimum and maximum of the repetitions. */
export function plotOf(results: Result[]): string {
  const rows = candidates.flatMap(({ name, title }) => {
    const values = SERIES.map(({ metric }) => summaryOf(results, name, burstName(16), metric));
    return values.every((value) => value !== null) ? [{ title, values }] : [];
  });
  const max = Math.max(...rows.flatMap(({ values }) => values.map((value) => value.max)));
  const x = (value: number): number => LEFT + (value / max) * (WIDTH - LEFT - RIGHT);
  const height = TOP + rows.length * ROW + 12;

  const bar = (value: Summary, y: number, colour: string): string =>
    `<rect x="${LEFT}" y="${y}" width="${round(x(value.median) - LEFT)}" height="${BAR}" fill="${colour}"/>` +
    `<path d="M${round(x(value.min))} ${y + BAR / 2}H${round(x(value.max))}" stroke="#222" stroke-width="1.5"/>` +
    `<text x="${round(x(value.max) + 6)}" y="${y + BAR - 3}">${value.median.toFixed(0)}</text>`;
  const lines = rows.map(({ title, values }, index) => {
    const y = TOP + index * ROW;
    const bars = values.map((value, series) => bar(value, y + series * (BAR + 2), SERIES[series]!.colour));
    return `<text x="${LEFT - 10}" y="${y + BAR + 6}" text-anchor="end">${title}</text>${bars.join('')}`;
  });
  const legend = SERIES.map(
    ({ label, colour }, index) =>
      `<rect x="${LEFT + index * 160}" y="32" width="11" height="11" fill="${colour}"/>` +
      `<text x="${LEFT + 16 + index * 160}" y="42">${label}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="20" font-size="14" font-weight="bold">A burst of orders over 16 connections</text>`,
    ...legend,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

const round = (value: number): string => value.toFixed(1);
