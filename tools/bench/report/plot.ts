import { burstOver } from '../load/scenarios';
import { contestants } from '../candidates/candidates';
import { figureOf, type Result } from '../measurement/results';
import type { Spread } from '../measurement/statistics';

const WIDTH = 760;
const LEFT = 210;
const RIGHT = 70;
const ROW = 44;
const BAR = 15;
const TOP = 56;

const SERIES = [
  { label: 'accepted a second', colour: '#9db8d9', of: (result: Result) => result.acceptedPerSecond },
  { label: 'settled a second', colour: '#2f5f98', of: (result: Result) => result.settledPerSecond },
];

/** A burst over 16 connections as bars, the least and the most of the repetitions as whiskers; SVG. */
export function plotOf(results: Result[]): string {
  const rows = contestants.flatMap(({ name, title }) => {
    const values = SERIES.map(({ of }) => figureOf(results, name, burstOver(16), of));
    return values.every((value) => value !== null) ? [{ title, values }] : [];
  });
  const most = Math.max(...rows.flatMap(({ values }) => values.map(({ max }) => max)));
  const x = (value: number): number => LEFT + (value / most) * (WIDTH - LEFT - RIGHT);
  const height = TOP + rows.length * ROW + 12;

  const bar = ({ median, min, max }: Spread, y: number, colour: string): string =>
    `<rect x="${LEFT}" y="${y}" width="${round(x(median) - LEFT)}" height="${BAR}" fill="${colour}"/>` +
    `<path d="M${round(x(min))} ${y + BAR / 2}H${round(x(max))}" stroke="#222" stroke-width="1.5"/>` +
    `<text x="${round(x(max) + 6)}" y="${y + BAR - 3}">${median.toFixed(0)}</text>`;
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
