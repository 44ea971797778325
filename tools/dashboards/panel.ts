import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The datasource that deploy/observability/grafana provisions. */
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
/** Three panels in a row; a dashboard is 24 units wide. */
const SIZE = { width: 8, height: 8 };

/** One question that an operator asks, and the queries that answer it. */
export interface PanelSpec {
  title: string;
  /** What the panel shows, and what an operator can conclude from it. */
  description: string;
  /** A unit of Grafana, for example `s`, `short` or `suffix: /s`. */
  unit: string;
  /** A PromQL expression for each legend. A legend may contain labels, for example `{{step}}`. */
  queries: Record<string, string>;
  /** The value from which something is wrong; drawn as a line. */
  limit?: number;
}

/** Creates a panel of time series. @param id unique in its dashboard */
export function panelBuilder({ title, description, unit, queries, limit }: PanelSpec, id: number): PanelBuilder {
  const panel = new PanelBuilder()
    .id(id)
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .span(SIZE.width)
    .height(SIZE.height)
    .lineWidth(1)
    .fillOpacity(10)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  for (const [index, [legend, expression]] of Object.entries(queries).entries()) {
    const query = new DataqueryBuilder().refId('ABCDE'[index]!).expr(expression).legendFormat(legend).range();
    panel.withTarget(query.datasource(DATASOURCE));
  }
  if (limit === undefined) return panel;
  return panel
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
        { value: null, color: 'green' },
        { value: limit, color: 'red' },
      ]),
    )
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Line));
}
