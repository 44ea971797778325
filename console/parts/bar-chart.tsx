import { useId } from 'preact/hooks';
import { Table } from './table';

export interface Series {
  name: string;
  /** Selects the colour and the pattern of style.css. */
  kind: 'good' | 'bad' | 'neutral' | 'waiting';
  values: readonly (number | null)[];
}

interface BarChartProps {
  title: string;
  labels: readonly string[];
  series: readonly Series[];
  format: (value: number) => string;
  /** Stacks the series of a label; otherwise they stand side by side. */
  isStacked?: boolean;
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [640, 220, 84, 10, 24];

/** Draws bars, with a table that contains the same numbers. */
export function BarChart({ title, labels, series, format, isStacked = false }: BarChartProps) {
  const id = useId();
  const totals = labels.map((_, at) => {
    const values = series.map(({ values: all }) => all[at] ?? 0);
    return isStacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  const largest = Math.max(...totals, 0);
  const slot = (WIDTH - LEFT) / Math.max(1, labels.length);
  const scale = largest > 0 ? (HEIGHT - BOTTOM - TOP) / largest : 0;
  const everyLabel = Math.ceil(labels.length / 6);
  return (
    <figure class="chart">
      <figcaption id={id}>{title}</figcaption>
      <ul class="legend">
        {series.map(({ name, kind }) => (
          <li key={name}>
            <span class={`key ${kind}`} aria-hidden="true" /> {name}
          </li>
        ))}
      </ul>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id}>
        {[0, 0.5, 1].map((part) => {
          const y = HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP);
          return (
            <g key={part}>
              <line class="axis" x1={LEFT} x2={WIDTH} y1={y} y2={y} />
              <text x={LEFT - 6} y={y + 4} text-anchor="end">
                {format(largest * part)}
              </text>
            </g>
          );
        })}
        {labels.map((label, at) => {
          let top = HEIGHT - BOTTOM;
          const width = Math.max(1, slot * 0.8) / (isStacked ? 1 : series.length);
          return (
            <g key={label + at}>
              {series.map(({ name, kind, values }, number) => {
                const height = (values[at] ?? 0) * scale;
                const y = isStacked ? (top -= height) : HEIGHT - BOTTOM - height;
                const x = LEFT + slot * at + slot * 0.1 + (isStacked ? 0 : width * number);
                return <rect key={name} class={kind} x={x} y={y} width={width} height={height} />;
              })}
              {at % everyLabel === 0 && (
                <text x={LEFT + slot * at + slot / 2} y={HEIGHT - 6} text-anchor="middle">
                  {label}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <details>
        <summary>Table: {title}</summary>
        <Table name={title}>
          <thead>
            <tr>
              <th scope="col">Period</th>
              {series.map(({ name }) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((label, at) => (
              <tr key={label + at}>
                <th scope="row">{label}</th>
                {series.map(({ name, values }) => {
                  const value = values[at] ?? null;
                  return (
                    <td key={name} class="number">
                      {value === null ? '–' : format(value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </Table>
      </details>
    </figure>
  );
}
