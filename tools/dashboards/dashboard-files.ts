import { createDashboard } from './dashboard';
import { messages } from './dashboards/messages';
import { sagas } from './dashboards/sagas';
import { services } from './dashboards/services';
import { shop } from './dashboards/shop';

export const DASHBOARDS = [shop, sagas, messages, services];

/** Creates the content of each file in deploy/observability/dashboards, by its name. */
export const dashboardFiles = (): Map<string, string> =>
  new Map(DASHBOARDS.map((spec) => [`${spec.uid}.json`, `${JSON.stringify(createDashboard(spec), null, 2)}\n`]));
