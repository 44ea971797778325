import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { panelBuilder, type PanelSpec } from './panel';

const TAG = 'order-placement';

export interface DashboardSpec {
  /** The name of the file and the identifier in the URL. */
  uid: string;
  title: string;
  description: string;
  panels: PanelSpec[];
}

/** Creates a dashboard whose panels are arranged in rows of three, with links to the other dashboards. */
export function createDashboard({ uid, title, description, panels }: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .link(new DashboardLinkBuilder('Order placement').type(DashboardLinkType.Dashboards).tags([TAG]).keepTime(true));
  for (const [index, panel] of panels.entries()) builder.withPanel(panelBuilder(panel, index + 1));
  const dashboard = builder.build();
  // The builder always hides links in a menu. Without a placement, they are above the panels.
  for (const link of dashboard.links ?? []) delete link.placement;
  return dashboard;
}
