import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OBSERVABILITY } from './rule-files';

interface Panel {
  title?: string;
  panels?: Panel[];
  targets?: { expr?: string }[];
}

/** A query to Prometheus of a panel in a dashboard. */
export interface PanelQuery {
  /** The file and the title of the panel. */
  name: string;
  expr: string;
}

const FOLDER = join(OBSERVABILITY, 'dashboards');

/** Reads the queries to Prometheus of all dashboards, with values in place of Grafana's variables. */
export function readPanelQueries(): PanelQuery[] {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.json')) : [];
  return files.flatMap((file) => {
    const { panels } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { panels: Panel[] };
    return panels
      .flatMap(flatten)
      .flatMap(({ title, targets = [] }) =>
        targets
          .filter(({ expr }) => expr !== undefined)
          .map(({ expr = '' }) => ({ name: `${file}: ${title}`, expr: withoutVariables(expr) })),
      );
  });
}

const flatten = (panel: Panel): Panel[] => [panel, ...(panel.panels ?? []).flatMap(flatten)];

const withoutVariables = (expr: string): string =>
  expr.replaceAll(/\$__(?:rate_)?interval|\$__range/g, '1m').replaceAll(/\$\w+|\$\{[^}]*\}/g, '.*');
